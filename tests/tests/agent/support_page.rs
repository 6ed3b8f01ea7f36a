//! The support desk's page in a real browser, over a real agent with customers of every kind.

mod customers;

use std::time::Duration;

use bufferlake_tests::browser::drive;
use bufferlake_tests::harness::{Agent, AgentOptions, Scratch, until};
use bufferlake_tests::http;

use self::customers::{Customers, KEY, agent_with};

// Aim: with JavaScript and without, a person finds out what a customer's line does.
#[test]
fn a_person_at_the_desk_finds_out() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-journey")?;
    let (mut agent, facts) = agent_with(&scratch, &Customers::all())?;
    drive("support/journey.mjs", &facts)?;
    agent.stop()
}

// Aim: WCAG 2.2 AA as far as axe sees, on phone and desk, light and dark; and the keyboard alone does everything.
#[test]
fn everybody_can_use_it() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-access")?;
    let (mut agent, facts) = agent_with(&scratch, &Customers::all())?;
    drive("support/access.mjs", &facts)?;
    agent.stop()
}

// Aim: whatever string a client sends, it stays text: in the page, in the chart and in the ticket.
#[test]
fn nothing_a_client_sends_is_markup() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-markup")?;
    let (mut agent, facts) = agent_with(&scratch, &Customers::with_payloads())?;
    drive("support/markup.mjs", &facts)?;
    agent.stop()
}

// Aim: an answer of every page carries the headers that shut everything else out, and a foreign form does nothing.
#[test]
fn every_page_shuts_the_rest_of_the_world_out() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-headers")?;
    let options = AgentOptions::alone(scratch.join("agent")).with("support.key", KEY);
    let mut agent = Agent::start(options)?;
    for path in ["/support", "/support/", "/support/audit", "/support/leaves", "/support/look-ups/1", "/support/x"] {
        let answer = http::get(agent.address(), path)?;
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {path}");
        }
        let policy = answer.header("content-security-policy").unwrap_or_default();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{part} in {policy} of {path}");
        }
    }
    let sign_in = |headers: &[(&str, &str)]| {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let headers = [&[form], headers].concat();
        http::fetch(
            agent.address(),
            &http::request("POST", "/support/sign-in", &headers, format!("key={KEY}").as_bytes()),
        )
    };
    for foreign in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://elsewhere.example")],
        &[("origin", "null")],
    ] {
        let answer = sign_in(foreign)?;
        assert_eq!((answer.status, answer.header("set-cookie")), (403, None), "{foreign:?}");
    }
    // The cookie is bound to https where a trusted proxy says so.
    for (proto, secure) in [("https", true), ("http", false)] {
        let answer = sign_in(&[("sec-fetch-site", "same-origin"), ("x-forwarded-proto", proto)])?;
        assert_eq!(answer.status, 303);
        let cookie = answer.header("set-cookie").unwrap_or_default();
        assert_eq!(cookie.contains("; Secure"), secure, "{proto}: {cookie}");
    }
    agent.stop()
}

// Aim: wrong keys are slowed down at the page as at the API, and each leaves a trace.
#[test]
fn guessing_is_slowed_down() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-guessing")?;
    let options = AgentOptions::alone(scratch.join("agent")).with("support.key", KEY);
    let mut agent = Agent::start(options)?;
    let guess = |key: &str, client: &str| {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("x-forwarded-for", client),
        ];
        http::fetch(
            agent.address(),
            &http::request("POST", "/support/sign-in", &headers, format!("key={key}").as_bytes()),
        )
    };
    let mut refused = 0_u32;
    let slowed = loop {
        let answer = guess("guess", "203.0.113.9")?;
        if answer.status == 429 {
            break answer;
        }
        assert_eq!(answer.status, 403);
        refused += 1;
        assert!(refused < 1_000, "guesses are never slowed down");
    };
    assert!(slowed.header("retry-after").is_some());
    assert_eq!(guess(KEY, "203.0.113.9")?.status, 429, "not even with the right key");
    assert_eq!(guess(KEY, "203.0.113.10")?.status, 303, "others come in");
    let database = rusqlite::Connection::open(agent.dir().join("agent.sqlite"))?;
    let traces = || database.query_row("SELECT count(*) FROM audit WHERE action = 'refused'", [], |row| row.get(0));
    until("each refusal leaves a trace", Duration::from_secs(10), || (traces().ok() == Some(refused)).then_some(()))?;
    agent.stop()
}

// Aim: who signed in with a key that is no longer in force is out, at the next request.
#[test]
fn a_new_key_ends_every_session() -> anyhow::Result<()> {
    let scratch = Scratch::new("support-rotation")?;
    let mut agent = Agent::start(AgentOptions::alone(scratch.join("agent")))?;
    let file = agent.dir().join("support.key");
    let key = std::fs::read_to_string(&file)?;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let form = format!("key={}", key.trim());
    let answer = http::fetch(agent.address(), &http::request("POST", "/support/sign-in", &headers, form.as_bytes()))?;
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
    let is_in = || -> anyhow::Result<bool> {
        let request = http::request("GET", "/support/audit", &[("cookie", &cookie)], b"");
        Ok(http::fetch(agent.address(), &request)?.status == 200)
    };
    assert!(is_in()?, "the key of the first start lets in");
    std::fs::write(&file, "another key of the desk")?;
    assert!(!is_in()?, "the old key's session is over");
    std::fs::write(&file, key)?;
    assert!(is_in()?, "the session was the key's");
    agent.stop()
}
