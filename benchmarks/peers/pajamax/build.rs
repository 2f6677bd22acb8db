fn main() -> Result<(), Box<dyn std::error::Error>> {
    std::env::set_var("PROTOC", protoc_bin_vendored::protoc_bin_path()?);
    pajamax_build::compile_protos_in_local(&["proto/ext_authz.proto"], &["proto"])?;
    Ok(())
}
