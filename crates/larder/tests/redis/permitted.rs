//! Users, and what they may do.

use super::*;

/// What a user needs, as the documentation of the store says.
const NEEDED: &str = "~shop:* +get +mget +getex +getrange +set +setrange +pexpire +del +info";
const SCRIPTED: &str = "+eval +evalsha +exists";
const TRANSACTIONAL: &str = "+watch +unwatch +multi +exec";

fn server(rules: &str) -> Server {
    Server::builder().acl("ann", "xyzzy", rules).start()
}

fn as_ann(server: &Server) -> RedisBuilder {
    Redis::builder().url(&server.url_of("ann", "xyzzy"))
}

#[tokio::test]
async fn a_wrong_or_a_missing_password_is_said() {
    let server = server("~* +@all");
    let plain = Redis::builder().url(&server.url());
    misconfigured(
        plain.clone(),
        &["asks for a password", "redis://user:password@"],
    )
    .await;
    let wrong = plain.clone().username("ann").password("xyzzy plugh");
    misconfigured(wrong, &["user name or the password", "WRONGPASS"]).await;
    let stranger = plain.clone().username("eve").password("xyzzy");
    misconfigured(stranger, &["user name or the password"]).await;
    connected(plain.username("ann").password("xyzzy")).await;
}

#[tokio::test]
async fn a_password_for_those_without_a_name_is_enough() {
    let server = Server::builder().password("xyzzy").start();
    let plain = Redis::builder().url(&server.url());
    misconfigured(plain.clone(), &["asks for a password"]).await;
    connected(plain.password("xyzzy")).await;
}

#[tokio::test]
async fn a_password_that_nobody_wants_is_said() {
    let server = Server::start();
    let builder = Redis::builder().url(&server.url()).password("xyzzy");
    misconfigured(builder, &["does not let us log in"]).await;
}

#[tokio::test]
async fn the_documented_permissions_are_enough() {
    for scripts in [SCRIPTED, TRANSACTIONAL] {
        let server = server(&format!("{NEEDED} {scripts}"));
        let bench = Bench::over(connected(as_ann(&server)).await);
        assert_eq!(bench.read(1, "old").await, "old");
        assert_eq!(bench.read(1, "new").await, "old");
        bench.invalidate(1).await;
        assert_eq!(bench.read(1, "new").await, "new");
        assert_eq!(bench.read(1, "newest").await, "new");
        assert_eq!(bench.loads(), 2);
        bench.cache.remove(1_u64).await.expect("removed");
        assert_eq!(bench.read(1, "newest").await, "newest");
        let denied = format!("{:?}", server.ask(&["ACL", "LOG"]).list());
        assert!(!denied.contains("shop:"), "{denied}");
    }
}

#[tokio::test]
async fn each_missing_permission_is_named() {
    for command in [
        "get", "mget", "getex", "getrange", "set", "setrange", "pexpire", "del",
    ] {
        let server = server(&format!("~shop:* +@all -{command}"));
        misconfigured(as_ann(&server), &[&format!("grant the user +{command} ")]).await;
    }
    let server = server("~shop:* +@all -info");
    misconfigured(as_ann(&server), &["grant +info"]).await;
}

#[tokio::test]
async fn without_scripts_and_transactions_nothing_works() {
    let server = server("~shop:* +@all -@scripting -@transaction");
    misconfigured(as_ann(&server), &["neither run scripts", "+watch"]).await;
}

#[tokio::test]
async fn a_command_that_was_renamed_is_named() {
    let server = Server::builder()
        .config(&[("rename-command", "GETEX \"\"")])
        .start();
    misconfigured(
        Redis::builder().url(&server.url()),
        &["+getex", "do not rename"],
    )
    .await;
}

#[tokio::test]
async fn a_namespace_that_the_user_may_not_use_is_bypassed() {
    let server = server("~other:* +@all");
    let bench = Bench::over(connected(as_ann(&server)).await);
    assert_eq!(bench.read(1, "one").await, "one");
    assert_eq!(bench.read(1, "two").await, "two");
    assert_eq!(bench.loads(), 2);
    let error = bench.cache.invalidate([tag(1)]).await.expect_err("denied");
    assert!(error.is_store(), "{error}");
    says(&error, &["does not allow the user"]);
}
