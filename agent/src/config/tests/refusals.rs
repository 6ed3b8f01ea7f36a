//! Aim: what is wrong in `agent.toml` is refused with its key and its line, all of it at once, and the nearest known
//! key is suggested.

use super::Machine;

const ACCOUNT: &str = "agent_id = \"isp-one\"\nsecret_file = \"s\"\n";

#[test]
fn what_is_wrong_is_refused_by_key_and_line() {
    let warehouse = |url: &str| format!("[warehouse]\nurl = \"{url}\"\n{ACCOUNT}");
    let webhook = |url: &str| format!("[webhook]\nurl = \"{url}\"\n");
    for (text, words) in [
        ("\nlistne = '127.0.0.1:1'".to_owned(), ["listne", "line 2", "did you mean listen?"]),
        ("[asn]\nhome_ans = 1".to_owned(), ["asn.home_ans", "line 2", "did you mean asn.home_asn?"]),
        ("home_asn = 1".to_owned(), ["home_asn", "line 1", "did you mean asn.home_asn?"]),
        ("[weather]\nsunny = true".to_owned(), ["weather", "line 1", "there is no such key"]),
        ("asn = 64500".to_owned(), ["asn", "line 1", "is a section"]),
        ("[listen]\nport = 1".to_owned(), ["listen", "line 1", "must be text"]),
        ("listen = 8081".to_owned(), ["listen", "line 1", "must be text in quotes"]),
        ("listen = 'here'".to_owned(), ["listen", "line 1", "socket address"]),
        ("telemetry = 'no'".to_owned(), ["telemetry", "line 1", "must be true or false"]),
        ("max_connections = 1.5".to_owned(), ["max_connections", "line 1", "must be a whole number"]),
        ("max_connections = -1".to_owned(), ["max_connections", "line 1", "invalid value"]),
        ("max_connections = 99999999999999999999".to_owned(), ["max_connections", "line 1", "must be a whole number"]),
        ("trusted_proxies = '10.0.0.0/8'".to_owned(), ["trusted_proxies", "line 1", "must be a list"]),
        ("trusted_proxies = [1]".to_owned(), ["trusted_proxies[0]", "line 1", "expected a string"]),
        ("trusted_proxies = ['all']".to_owned(), ["trusted_proxies", "line 1", "all"]),
        ("[outbox]\nseal_records = 501".to_owned(), ["outbox.seal_records", "line 2", "1 to 500"]),
        ("[outbox]\nmax_age_days = 91".to_owned(), ["outbox.max_age_days", "line 2", "1 to 90"]),
        ("metrics_listen = '0.0.0.0:9081'".to_owned(), ["metrics_listen", "line 1", "loopback"]),
        ("metrics_listen = '127.0.0.1:8081'".to_owned(), ["metrics_listen", "line 1", "must differ"]),
        ("data_dir = ''".to_owned(), ["data_dir", "line 1", "must name a directory"]),
        (
            "[[asn.overrides]]\nprefix = '10.0.0.0/8'\nans = 1".to_owned(),
            ["asn.overrides[0]", "line 1", "unknown field `ans`"],
        ),
        ("[asn]\nhome_asn = 0".to_owned(), ["asn.home_asn", "line 2", "nonzero"]),
        ("[asn.names]\nExample = '64500'".to_owned(), ["asn.names", "line 1", "numbers of networks"]),
        ("[sponsor]\nurl = 'javascript:alert(1)'".to_owned(), ["sponsor.url", "line 2", "http or https"]),
        ("[sponsor]\nname = \"\"\"a\nb\"\"\"".to_owned(), ["sponsor.name", "line 2", "one line"]),
        (format!("[sponsor]\nname = '{}'", "x".repeat(201)), ["sponsor.name", "line 2", "200 characters"]),
        ("[support]\nsession_minutes = 0".to_owned(), ["support.session_minutes", "line 2", "1 to 1440"]),
        ("[limits]\nresults_per_minute = 0".to_owned(), ["limits.results_per_minute", "line 2", "at least 1"]),
        ("[warehouse]\nurl = 'https://w.example'".to_owned(), ["warehouse", "line 2", "missing field `agent_id`"]),
        (
            "[warehouse]\nurl = 'https://w.example'\nagent_id = 'X'\nsecret_file = 's'".to_owned(),
            ["warehouse.agent_id", "line 3", "an agent id"],
        ),
        (warehouse("http://warehouse.example"), ["warehouse.url", "line 2", "must be https"]),
        (warehouse("http://192.0.2.1"), ["warehouse.url", "line 2", "loopback only"]),
        (warehouse("ftp://warehouse.example"), ["warehouse.url", "line 2", "https"]),
        (webhook("http://portal.example"), ["webhook.url", "line 2", "plain_http_to"]),
        (webhook("http://10.1.2.3"), ["webhook.url", "line 2", "plain_http_to"]),
        (
            format!("{}plain_http_to = ['everywhere']", webhook("http://10.1.2.3")),
            ["webhook.plain_http_to", "line 3", "everywhere"],
        ),
        (
            format!("{}plain_http_to = ['0.0.0.0/0']", webhook("http://10.1.2.3")),
            ["webhook.plain_http_to", "line 3", "0.0.0.0/0"],
        ),
        ("listen = '127.0.0.1:1'\nlisten = '127.0.0.1:2'".to_owned(), ["agent.toml", "line 2", "duplicate key"]),
        ("listen = ".to_owned(), ["agent.toml", "line 1", "is not TOML"]),
    ] {
        let said = Machine::new().toml(&text).refused();
        for word in words {
            assert!(said.contains(word), "{text}\n  lacks {word:?}: {said}");
        }
    }
}

#[test]
fn everything_wrong_is_told_at_once() {
    let machine = Machine::new()
        .toml("listne = 1\n[outbox]\nmax_byte = 1")
        .variable("BUFFERLAKE_AGENT_QQQ", "1")
        .variable("SERVER_MODE", "central")
        .legacy("sponsor_name=$(hostname)\nwebhook_url=`x`");
    let refused = machine.load().expect_err("refused").0;
    assert_eq!(refused.len(), 6, "{refused:?}");
    let said = Machine::new().toml("max_connections = 0\nipv6_client_bits = 0").refused();
    assert!(said.contains("max_connections") && said.contains("ipv6_client_bits"), "{said}");
}

#[test]
fn files_that_cannot_be_configurations_are_refused() {
    let said = Machine::new().toml([0x66, 0xff]).refused();
    assert!(said.contains("agent.toml") && said.contains("cannot be read"), "{said}");
    let said = Machine::new().toml("#".repeat((1 << 20) + 1)).refused();
    assert!(said.contains("larger than 1048576 bytes"), "{said}");
    let said = Machine::new().legacy([0x66, 0xff]).refused();
    assert!(said.contains("lqos_test.conf") && said.contains("legacy_file = \"\""), "{said}");
}
