//! TLS.

use larder_servers::Certificates;

use super::*;

fn roots(server: &Server) -> &std::path::Path {
    let certificates: &Certificates = server.certificates().expect("it speaks TLS");
    &certificates.authority
}

#[tokio::test]
async fn what_is_stored_goes_over_tls() {
    let server = Server::builder().tls().start();
    let store = connected(
        Redis::builder()
            .url(&server.url())
            .tls_roots(roots(&server)),
    )
    .await;
    let bench = Bench::over(store);
    assert_eq!(bench.read(1, "old").await, "old");
    assert_eq!(bench.read(1, "new").await, "old");
    bench.invalidate(1).await;
    assert_eq!(bench.read(1, "new").await, "new");
}

#[tokio::test]
async fn a_certificate_from_an_unknown_authority_is_refused() {
    let (server, other) = (
        Server::builder().tls().start(),
        Server::builder().tls().start(),
    );
    let builder = Redis::builder().url(&server.url());
    let expected = ["certificate", "is not accepted", ".tls_roots("];
    misconfigured(builder.clone().tls_roots(roots(&other)), &expected).await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_with() {
    let (plain, secret) = (Server::start(), Server::builder().tls().start());
    let builder = Redis::builder()
        .url(&format!("rediss://:xyzzy@{}", plain.address()))
        .tls_roots(roots(&secret));
    let expected = ["no TLS with", "does the server speak it there"];
    out_of_reach(builder, &expected).await;
    let builder = Redis::builder().url(&format!("redis://{}", secret.address()));
    out_of_reach(builder, &["rediss://"]).await;
}

#[tokio::test]
async fn a_file_without_certificates_is_said() {
    let server = Server::builder().tls().start();
    let builder = Redis::builder().url(&server.url());
    let missing = builder.clone().tls_roots("/nowhere/roots.pem");
    misconfigured(missing, &["/nowhere/roots.pem", "cannot be used for TLS"]).await;
    let empty = builder.tls_roots("/dev/null");
    misconfigured(empty, &["/dev/null", "no certificate in PEM form"]).await;
}

#[tokio::test]
async fn a_server_may_ask_for_a_certificate_of_ours() {
    let server = Server::builder()
        .tls()
        .config(&[("tls-auth-clients", "yes")])
        .start();
    let certificates = server.certificates().expect("it speaks TLS");
    let builder = Redis::builder()
        .url(&server.url())
        .tls_roots(roots(&server));
    out_of_reach(builder.clone(), &[".tls_identity("]).await;
    let ours = (&certificates.certificate, &certificates.key);
    connected(builder.tls_identity(ours.0, ours.1)).await;
}
