module crds

go 1.25.0

require (
	github.com/envoyproxy/gateway v1.9.0
	istio.io/api v1.29.6
	sigs.k8s.io/gateway-api v1.6.1
)
