//! The program as one starts it: what cannot work is one sentence and exit status 2.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};

use larder_servers::{MariaDb, Postgres};

fn shop(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shop"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap()
}

#[track_caller]
fn refused(output: &Output, expected: &str) {
    let sentence = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{sentence}");
    assert_eq!(sentence.lines().count(), 1, "one sentence: {sentence}");
    assert!(sentence.contains(expected), "{sentence}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bad_flag_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    refused(&shop(folder.path(), &["--colour"]), "'--colour'");
    refused(&shop(folder.path(), &["dance"]), "'dance'");
    refused(&shop(folder.path(), &["--listen"]), "--listen");
    refused(
        &shop(folder.path(), &["--listen", "nowhere"]),
        "cannot listen on nowhere",
    );
    refused(
        &shop(
            folder.path(),
            &["--database", "oracle://me:secret@host/shop"],
        ),
        "not oracle://",
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[test]
fn a_busy_port_is_refused_before_any_data_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    refused(
        &shop(folder.path(), &["--listen", &address]),
        "already listening",
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was made"
    );
}

#[test]
fn a_file_that_is_no_shop_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--database", "file"];
    let file = folder.path().join("file");
    std::fs::write(&file, "Dear diary, ".repeat(1000)).unwrap();
    refused(&shop(folder.path(), &arguments), "not a database");
    assert_eq!(
        std::fs::read(&file).unwrap(),
        "Dear diary, ".repeat(1000).as_bytes()
    );

    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    refused(&shop(folder.path(), &arguments), "is a folder");
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let other = sea_orm::Database::connect(url).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(
        &other,
        "CREATE TABLE track (id INTEGER PRIMARY KEY)",
    )
    .await
    .unwrap();
    other.close().await.unwrap();
    let before = std::fs::read(&file).unwrap();
    let arguments = ["--listen", "127.0.0.1:0", "--database", "file"];
    refused(&shop(folder.path(), &arguments), "not a shop's database");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[cfg(unix)]
#[test]
fn a_file_in_a_folder_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "--listen",
        "127.0.0.1:0",
        "--database",
        "sqlite://no/such/folder/shop.db",
    ];
    refused(&shop(folder.path(), &arguments), "cannot open the database");
}

#[test]
fn a_store_that_cannot_be_is_refused_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let redis = larder_servers::Redis::builder()
        .password("open-sesame")
        .start();
    let memcached = larder_servers::Memcached::start();
    let nobody = format!("redis://127.0.0.1:{}", larder_servers::free_port());
    std::fs::write(folder.path().join("short"), "guess me").unwrap();
    let (redis_url, memcached_url) = (redis.url(), memcached.url());
    let wrong = redis.url_of("default", "hunter2");
    let right = redis.url_of("default", "open-sesame");
    for (arguments, expected) in [
        (
            &["--store", "postgres://me:hunter2@host/db"][..],
            "not postgres://",
        ),
        (&["--store", "nowhere"], "--store takes memory"),
        (
            &["--store", "redis://127.0.0.1:many"],
            "cannot open the store",
        ),
        (&["--store", &nobody], "cannot open the store"),
        (&["--store", &wrong], "cannot open the store"),
        (&["--store", &redis_url], "cannot open the store"),
        (
            &["--store", "redis://me:hunter2@192.0.2.1"],
            "cannot open the store",
        ),
        (
            &["--store", "memcached://me:hunter2@host"],
            "cannot open the store",
        ),
        (
            &["--store", "memcached://127.0.0.1:0"],
            "cannot open the store",
        ),
        (&["--near"], "cannot open the store"),
        (&["--near=sometimes"], "validated or pushed"),
        (
            &["--store", &memcached_url, "--near=pushed"],
            "cannot open the store",
        ),
        (&["--store", &memcached_url, "--namespace", ""], "namespace"),
        (
            &["--store", &right, "--secret-file", "short"],
            "cannot use the secret",
        ),
        (
            &["--store", &right, "--secret-file", "none"],
            "cannot read the secret",
        ),
    ] {
        let mut all = vec!["--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let output = shop(folder.path(), &all);
        refused(&output, expected);
        let sentence = String::from_utf8_lossy(&output.stderr);
        assert!(
            !sentence.contains("hunter2") && !sentence.contains("sesame"),
            "{sentence}"
        );
        assert!(!sentence.contains("panicked"), "{sentence}");
    }
    assert!(!folder.path().join("shop.db").exists(), "nothing was made");
}

/// Another program's database on a server, none, no server, a wrong password.
#[test]
fn a_server_that_has_no_shop_for_us_is_refused_without_its_password() {
    let postgres = Postgres::shared().database("another_program");
    Postgres::shared().run_sql("another_program", "CREATE TABLE track (id INTEGER)");
    let mariadb = MariaDb::shared().database("another_program");
    MariaDb::shared().run_sql("another_program", "CREATE TABLE shop (what TEXT)");
    let nobody = format!("127.0.0.1:{}", larder_servers::free_port());
    let folder = tempfile::tempdir().unwrap();
    for (url, expected) in [
        (&*postgres, "not a shop's but some other one"),
        (&mariadb, "cannot read the MySQL or MariaDB database"),
        (
            &Postgres::shared().url("no_such_database"),
            "does not exist",
        ),
        (
            &format!("postgres://me:hunter2@{nobody}/shop"),
            "nobody answers there",
        ),
        (
            &format!("mariadb://me:hunter2@{}/shop", MariaDb::shared().address()),
            "Access denied",
        ),
        ("postgres://me:hunter2@host:many/shop", "can be read"),
    ] {
        let output = shop(
            folder.path(),
            &["--listen", "127.0.0.1:0", "--database", url],
        );
        refused(&output, expected);
        let sentence = String::from_utf8_lossy(&output.stderr);
        assert!(!sentence.contains("hunter2"), "{sentence}");
    }
    // They were looked at, and left alone.
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(Postgres::shared().run_sql("another_program", tables), "1");
    assert_eq!(
        MariaDb::shared().run_sql("another_program", "SHOW TABLES"),
        "shop"
    );
}

#[test]
fn help_is_an_answer() {
    let output = shop(Path::new("."), &["--help"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    for word in ["--listen", "--database", "--store", "--near", "tour"] {
        assert!(text.contains(word), "{text}");
    }
}

/// Starts a shop, waits for its line, interrupts it, and expects it to close by itself.
#[cfg(unix)]
#[test]
fn ctrl_c_closes_the_shop_and_a_second_start_finds_the_data() {
    use std::{
        io::{BufRead, BufReader, Read},
        process::Stdio,
    };

    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_shop"))
            .current_dir(folder.path())
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(
            line.contains("The shop is open at http://127.0.0.1:"),
            "{line}"
        );
        let interrupted = Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap();
        assert!(interrupted.success());
        assert!(child.wait().unwrap().success());
        let mut errors = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut errors)
            .unwrap();
        assert_eq!(errors, "", "quiet where nobody watches");
        assert!(folder.path().join("shop.db").exists());
        assert!(
            !folder.path().join("shop.db-wal").exists(),
            "the log is folded in"
        );
    }
}

/// The tour leaves nothing behind on the server that it walks on.
#[test]
fn the_tour_shows_the_same_both_ways_on_servers() {
    let postgres = Postgres::shared().database("tour");
    let mariadb = MariaDb::shared().database("tour");
    for url in [&postgres, &mariadb] {
        let output = shop(Path::new("."), &["--database", url, "tour"]);
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{errors}");
        assert!(
            text.contains("Every step showed the same both ways."),
            "{text}"
        );
    }
    let databases = "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop_tour%'";
    assert_eq!(Postgres::shared().run_sql("tour", databases), "0");
    let databases = "SHOW DATABASES LIKE 'shop_tour%'";
    assert_eq!(MariaDb::shared().run_sql("tour", databases), "");
}

#[test]
fn the_tour_shows_the_same_both_ways_and_saves_statements() {
    let output = shop(Path::new("."), &["tour"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let costs = |step: &str| {
        let line = text
            .lines()
            .find(|line| line.contains(step))
            .unwrap_or_else(|| panic!("{step}"));
        let mut numbers = line.split_whitespace().rev();
        let with: u64 = numbers.next().unwrap().parse().unwrap();
        (numbers.next().unwrap().parse::<u64>().unwrap(), with)
    };
    assert_eq!(costs("The next visitor asks for the same"), (1, 0));
    assert_eq!(costs("Not touched by a price"), (1, 0));
    assert_eq!(costs("The genre that it left"), (1, 1));
    assert_eq!(costs("Not concerned"), (1, 0));
    assert_eq!(costs("nothing happened, so nothing is asked"), (1, 0));
    assert_eq!(costs("The other artist's page"), (2, 0));
    assert_eq!(costs("a page that nobody has seen yet"), (100, 1));
    assert!(
        text.contains("Every step showed the same both ways."),
        "{text}"
    );
    // What README says of it.
    let all = text.lines().find(|line| line.starts_with("In all: "));
    let numbers: Vec<&str> = all
        .unwrap_or_else(|| panic!("a sum: {text}"))
        .split(' ')
        .filter(|word| word.parse::<u64>().is_ok())
        .collect();
    let [without, with] = numbers[..] else {
        panic!("two numbers: {text}");
    };
    let told = format!("In the tour {without} statements become {with},");
    let readme = include_str!("../../../../README.md");
    assert!(readme.contains(&told), "{told}");
}
