//! What each kind of letter says.

use crate::domain::letter::Kind;
use crate::letters::{Block, Content, Facts};
use crate::words::program;

/// Where people see to their account.
const ACCOUNT: &str = "/auth/account";
/// Where people choose a new password.
const PASSWORD: &str = "/auth/providers/password/change";

pub(super) fn content(facts: &Facts<'_>) -> Content {
    let Facts { say, site, .. } = facts;
    match facts.letter.kind {
        Kind::Test => Content {
            subject: say.letter_test_title(site),
            preview: say.letter_test_text(site),
            title: say.letter_test_title(site),
            blocks: vec![Block::Text(say.letter_test_text(site))],
        },
        Kind::PasswordChanged => notice(
            facts,
            say.letter_password_changed_title(),
            say.letter_password_changed_text(site),
        ),
        Kind::NewSignIn => notice(facts, say.letter_new_sign_in_title(), say.letter_new_sign_in_text(site)),
        Kind::SessionStolen => notice(
            facts,
            say.letter_session_stolen_title(),
            say.letter_session_stolen_text(site),
        ),
        Kind::AccountDisabled => told(
            facts,
            say.letter_account_disabled_title(),
            say.letter_account_disabled_text(site),
        ),
        Kind::AccountEnabled => told(
            facts,
            say.letter_account_enabled_title(),
            say.letter_account_enabled_text(site),
        ),
        Kind::RoleChanged => {
            let roles = facts.value("roles").unwrap_or_default();
            let text = match roles {
                "" => say.letter_role_changed_none(site),
                roles => say.letter_role_changed_text(site, roles),
            };
            told(facts, say.letter_role_changed_title(), text)
        }
    }
}

/// Something happened to an account that its owner may not have done.
fn notice(facts: &Facts<'_>, title: &str, text: String) -> Content {
    let Facts { say, .. } = facts;
    let mut content = told(facts, title, text);
    let known = known(facts);
    if !known.is_empty() {
        content.blocks.push(Block::Facts(known));
    }
    content.blocks.push(Block::Text(say.letter_not_you().to_owned()));
    content.blocks.push(Block::Button {
        words: say.letter_choose_password().to_owned(),
        url: facts.url(PASSWORD),
    });
    content
}

/// Something that an operator did.
fn told(facts: &Facts<'_>, title: &str, text: String) -> Content {
    let subject = format!("{title} · {}", facts.site);
    let mut blocks = vec![Block::Text(text.clone())];
    if facts.letter.kind == Kind::AccountEnabled {
        blocks.push(Block::Button {
            words: facts.say.frame_account().to_owned(),
            url: facts.url(ACCOUNT),
        });
    }
    Content {
        subject,
        preview: text,
        title: title.to_owned(),
        blocks,
    }
}

/// When, with which program and from where.
fn known(facts: &Facts<'_>) -> Vec<(String, String)> {
    let Facts { say, .. } = facts;
    let Some(address) = facts.value("address") else {
        return Vec::new();
    };
    let program = program::in_words(say, facts.value("program").unwrap_or_default());
    vec![
        (say.letter_when().to_owned(), say.moment(facts.at())),
        (say.letter_program().to_owned(), program),
        (say.letter_address().to_owned(), address.to_owned()),
    ]
}
