//! Aim: of two sources that set a key the stronger one holds, whichever two they are, and the origin is told.

use super::super::{Grade, Origin};
use super::Machine;

type Source = fn(Machine, &str) -> Machine;

/// All sources of the webhook's URL, the weakest first, each with a word of its origin.
const SOURCES: [(&str, Source); 4] = [
    ("lqos_test.conf, line 1, webhook_url", |machine, url| machine.legacy(format!("webhook_url={url}"))),
    ("agent.toml, line 2", |machine, url| machine.toml(format!("[webhook]\nurl = '{url}'"))),
    ("variable LIBREQOS_WEBHOOK_URL", |machine, url| machine.variable("LIBREQOS_WEBHOOK_URL", url)),
    ("variable BUFFERLAKE_AGENT_WEBHOOK__URL", |machine, url| machine.variable("BUFFERLAKE_AGENT_WEBHOOK__URL", url)),
];

fn url(machine: &Machine) -> (String, String) {
    let loaded = machine.load().expect("a good configuration");
    let origin = loaded.origin("webhook.url").to_string();
    (loaded.config.webhook.expect("a webhook").url.reveal().to_owned(), origin)
}

#[test]
fn each_source_sets_a_key_and_says_so() {
    for (origin, set) in SOURCES {
        let (value, said) = url(&set(Machine::new(), "https://one.example/"));
        assert_eq!(value, "https://one.example/");
        assert!(said.ends_with(origin), "{said}");
    }
}

#[test]
fn of_two_sources_the_stronger_holds() {
    for (weaker, (_, weak)) in SOURCES.iter().enumerate() {
        for (origin, strong) in &SOURCES[weaker + 1..] {
            let machine = strong(weak(Machine::new(), "https://weak.example/"), "https://strong.example/");
            let (value, said) = url(&machine);
            assert_eq!(value, "https://strong.example/", "{origin} over {}", SOURCES[weaker].0);
            assert!(said.ends_with(origin), "{said}");
        }
    }
}

#[test]
fn an_empty_text_in_the_file_takes_the_value_of_weaker_sources_away() {
    let old = "sponsor_name=Example\nwebhook_url=https://x.example/\nwebhook_secret=a-secret\ntelemetry_api_key=a-key";
    let machine = Machine::new().legacy(old).toml("[sponsor]\nname = ''\n[webhook]\nurl = ''\n[support]\nkey = ''");
    let config = machine.config();
    assert_eq!((config.sponsor.name, config.support.key), (None, None));
    assert_eq!(config.webhook, None, "without a URL there is no webhook, whatever secret the old file holds");
    let machine = machine.variable("LIBREQOS_WEBHOOK_URL", "https://y.example/");
    assert_eq!(
        machine.config().webhook.expect("a webhook").url.reveal(),
        "https://y.example/",
        "a stronger source sets it again"
    );
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let machine = Machine::new()
        .legacy("webhook_url=https://x.example/")
        .toml("listen = '127.0.0.1:4'")
        .variable("LIBREQOS_WEBHOOK_URL", "")
        .variable("BUFFERLAKE_AGENT_LISTEN", "")
        .variable("ENABLE_TELEMETRY", "")
        .variable("SERVER_MODE", "");
    let config = machine.config();
    assert_eq!((config.listen.port(), config.telemetry), (4, true));
    assert_eq!(config.webhook.expect("a webhook").url.reveal(), "https://x.example/");
}

#[test]
fn an_old_secret_without_a_url_is_no_webhook_and_a_new_one_is_a_mistake() {
    let machine = Machine::new().legacy("webhook_url=\"\"\nwebhook_secret=a-secret");
    let loaded = machine.load().expect("good");
    assert_eq!(loaded.config.webhook, None);
    assert!(loaded.noticed.iter().any(|finding| finding.subject == "webhook.secret" && finding.grade == Grade::Note));
    let machine = Machine::new().variable("LIBREQOS_WEBHOOK_SECRET", "a-secret");
    assert_eq!(machine.config().webhook, None);
    let said = Machine::new().toml("[webhook]\nsecret = 'a-secret'").refused();
    assert!(said.contains("webhook") && said.contains("missing field `url`") && said.contains("line 2"), "{said}");
}

#[test]
fn of_a_secret_and_its_file_the_stronger_is_left() {
    let file = "[webhook]\nurl = 'https://x.example/'\nsecret_file = '/f'\n[support]\nkey_file = '/g'";
    let both = "[webhook]\nurl = 'https://x.example/'\nsecret_file = '/f'\nsecret = 's'\n[support]\nkey_file = '/g'\nkey = 'k'";
    let old = "webhook_secret=old\ntelemetry_api_key=old";
    let left = |machine: &Machine| {
        let loaded = machine.load().expect("good");
        let webhook = loaded.config.webhook.expect("a webhook");
        let warned = loaded.noticed.iter().filter(|finding| finding.grade == Grade::Warning).count();
        let texts = (webhook.secret.is_some(), loaded.config.support.key.is_some());
        (texts, (webhook.secret_file.is_some(), loaded.config.support.key_file.is_some()), warned)
    };
    let only_file = ((false, false), (true, true));
    let (texts, files, warned) = left(&Machine::new().legacy(old).toml(file));
    assert_eq!((texts, files), only_file, "agent.toml is stronger than the old file");
    assert_eq!(warned, 2);
    let (texts, files, warned) = left(&Machine::new().toml(both));
    assert_eq!((texts, files), only_file, "of two equally strong ones the file");
    assert_eq!(warned, 2);
    let machine =
        Machine::new().toml(file).variable("LIBREQOS_WEBHOOK_SECRET", "s").variable("LIBREQOS_TELEMETRY_API_KEY", "k");
    let (texts, files, warned) = left(&machine);
    assert_eq!((texts, files), ((true, true), (false, false)), "a variable is stronger than agent.toml");
    assert_eq!(warned, 2);
    assert_eq!(left(&Machine::new().toml(file)).2, 0);
}

#[test]
fn the_old_file_is_found_where_it_is_named() {
    let with = |text: &str, variable: &str| {
        Machine::new()
            .file("other.conf", "sponsor_city=Other")
            .legacy("sponsor_city=Usual")
            .toml(text)
            .variable("BUFFERLAKE_AGENT_LEGACY_FILE", variable)
    };
    let city = |machine: &Machine| machine.config().sponsor.city;
    let machine = with("", "");
    let other = machine.path("other.conf");
    let by_toml = machine.toml(format!("legacy_file = '{}'", other.display()));
    assert_eq!(city(&by_toml).as_deref(), Some("Other"), "by agent.toml");
    let usual = by_toml.path("lqos_test.conf");
    let by_variable = by_toml.variable("BUFFERLAKE_AGENT_LEGACY_FILE", usual);
    assert_eq!(city(&by_variable).as_deref(), Some("Usual"), "by its variable, which is stronger");
    assert_eq!(city(&with("legacy_file = ''", "")), None, "none is read");
    let gone =
        with("legacy_file = '/nowhere/lqos_test.conf'", "").load().expect("a file that is not there is no fault");
    assert_eq!(gone.config.sponsor.city, None);
    assert_eq!(*gone.origin("sponsor.city"), Origin::Default);
}

#[test]
fn a_file_that_is_named_must_be_there_and_the_usual_one_need_not() {
    let machine = Machine::new().legacy("sponsor_name=Example");
    assert_eq!(machine.load().expect("good").file, None);
    let machine = machine.toml("").named("agent.toml");
    assert_eq!(machine.load().expect("good").file, Some(machine.path("agent.toml")));
    let said = machine.named("none.toml").refused();
    assert!(said.contains("none.toml") && said.contains("no such configuration file"), "{said}");
    assert!(Machine::new().named("").refused().contains("cannot be read"), "a directory is no file");
}
