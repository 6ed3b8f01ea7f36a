//! Aim: whoever asks for help gets it, for each command, option and argument.

use clap::CommandFactory as _;

use super::Cli;

/// What lacks help below a command, by the words that lead to it.
fn lacking(command: &clap::Command, path: &str) -> Vec<String> {
    let path = format!("{path} {}", command.get_name());
    let mut lacking = Vec::new();
    let sentence = |text: Option<String>| text.is_some_and(|text| text.len() > 4 && !text.contains('\n'));
    if !sentence(command.get_about().map(ToString::to_string)) {
        lacking.push(path.clone());
    }
    if !command.has_subcommands() && command.get_after_help().is_none() {
        lacking.push(format!("{path}: its exit codes"));
    }
    for argument in command.get_arguments() {
        if !sentence(argument.get_help().map(ToString::to_string)) {
            lacking.push(format!("{path} {}", argument.get_id()));
        }
    }
    lacking.extend(command.get_subcommands().flat_map(|below| self::lacking(below, &path)));
    lacking
}

#[test]
fn everything_has_help() {
    let command = Cli::command();
    command.clone().debug_assert();
    assert_eq!(lacking(&command, ""), Vec::<String>::new());
    assert!(command.get_subcommands().count() >= 8, "the test looks at nothing");
}

// Aim: the walk of the test above finds what lacks help.
#[test]
fn what_lacks_help_is_found() {
    let bare = clap::Command::new("bare").arg(clap::Arg::new("thing")).subcommand(clap::Command::new("below"));
    let found = lacking(&bare, "");
    assert_eq!(found.len(), 4, "{found:?}");
}

#[path = "../../examples/manual/write.rs"]
mod write;

// Aim: each command has its manual page, and every shell a file that it can read, with every command in it.
#[test]
fn the_manual_is_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("manual");
    let command = Cli::command();
    let files = write::manual(&command, &out).expect("written");
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect(name);
    let main = read("man1/agent.1");
    assert!(main.contains("BUFFERLAKE_AGENT_CONFIG_FILE") && main.contains("Exit codes"), "{main}");
    let below: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    for name in &below {
        assert!(main.contains(&format!("agent\\-{}(1)", name.replace('-', "\\-"))), "{name}: {main}");
        assert!(read(&format!("man1/agent-{name}.1")).contains(".SH DESCRIPTION"), "{name}");
    }
    for (program, file) in ["bash", "zsh", "fish"].iter().zip(&files) {
        let script = std::fs::read_to_string(file).expect("a file");
        assert!(below.iter().all(|name| script.contains(name)), "{program}: {script}");
        // `-n` reads and does not run; all three know it.
        match std::process::Command::new(program).arg("-n").arg(file).output() {
            Ok(output) => assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => eprintln!("not read by {program}: {error}"),
        }
    }
}
