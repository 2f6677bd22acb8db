// A bare ext_authz server on grpc-go that allows every Check, to compare with.
//
// It takes the address to listen on (host:port or unix:/path), prints where it listens as JSON, and
// ends when its standard input does.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"

	auth "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
)

type allowing struct {
	auth.UnimplementedAuthorizationServer
}

func (allowing) Check(context.Context, *auth.CheckRequest) (*auth.CheckResponse, error) {
	return &auth.CheckResponse{
		Status:       &status.Status{},
		HttpResponse: &auth.CheckResponse_OkResponse{OkResponse: &auth.OkHttpResponse{}},
	}, nil
}

func listen(address string) (net.Listener, string, error) {
	if path, found := strings.CutPrefix(address, "unix:"); found {
		listener, err := net.Listen("unix", path)
		return listener, address, err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", err
	}
	return listener, listener.Addr().String(), nil
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: grpc-go ADDRESS")
	}
	listener, address, err := listen(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	auth.RegisterAuthorizationServer(server, allowing{})
	go func() {
		io.Copy(io.Discard, os.Stdin)
		server.Stop()
	}()
	fmt.Printf("{\"address\": %q}\n", address)
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
