//! Questions to the person at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::cli::args::{NewPassword, Sure};
use crate::cli::escape::harmless;
use crate::cli::print::{width, wrap};
use crate::cli::{Failure, Result};
use crate::domain::Secret;

/// A new password: typed twice without echo, or the first line of standard input. What `check` refuses is typed once.
pub(super) fn new_password(from: &NewPassword, check: impl Fn(&Secret) -> Result<()>) -> Result<Secret> {
    if from.password_stdin {
        let only = first_line()?;
        return check(&only).map(|()| only);
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Words(
            "not done: there is no terminal to ask for the password; use --password-stdin".to_owned(),
        ));
    }
    let first = Secret::new(rpassword::prompt_password("New password: ")?);
    check(&first)?;
    let second = Secret::new(rpassword::prompt_password("Once more: ")?);
    if first == second {
        Ok(first)
    } else {
        Err(Failure::Words(
            "not done: the two passwords are not the same".to_owned(),
        ))
    }
}

fn first_line() -> Result<Secret> {
    let mut line = zeroize::Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line)?;
    let text = line.strip_suffix('\n').unwrap_or(&line);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}

/// Goes on only if the person says yes to what cannot be undone.
pub(super) fn confirm(what: &str, sure: &Sure) -> Result<()> {
    if sure.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::Words(format!(
            "not done: there is no terminal to ask; use --yes to go on. {what}"
        )));
    }
    let mut err = io::stderr();
    let question = format!("{} Go on? [y/N]", harmless(what));
    write!(err, "{} ", wrap(&question, width()).join("\n"))?;
    err.flush()?;
    let mut answer = String::new();
    if io::stdin().lock().read_line(&mut answer)? == 0 {
        // Ctrl-D leaves the cursor behind the question.
        writeln!(err)?;
    }
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Failure::Words("not done".to_owned()))
    }
}
