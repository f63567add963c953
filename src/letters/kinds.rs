//! What each kind of letter says.

use crate::domain::letter::Kind;
use crate::letters::{Block, Content, Facts};
use crate::words::{Phrases, program};

/// Where people see to their account.
const ACCOUNT: &str = "/auth/account";
/// Where people enter a code.
const SIGN_UP_CODE: &str = "/auth/verify-challenge/signup";
const RESET_CODE: &str = "/auth/verify-challenge/password-reset";
const EMAIL_CODE: &str = "/auth/verify-challenge/email-change";
const LOGIN_CODE: &str = "/auth/verify-challenge/login";
/// Where people say that something was not them.
const NOT_ME: &str = "/auth/not-me";
/// Where people sign in, and where they ask for a new password.
const SIGN_IN: &str = "/auth/login";
const RESET: &str = "/auth/password-reset";
/// Where people choose a new password.
const PASSWORD: &str = "/auth/providers/password/change";

pub(super) fn content(facts: &Facts<'_>) -> Content {
    let Facts { say, site, .. } = facts;
    match facts.letter.kind {
        Kind::Test | Kind::Unknown => Content {
            subject: say.letter_test_title(site),
            preview: say.letter_test_text(site),
            title: say.letter_test_title(site),
            blocks: vec![Block::Text(say.letter_test_text(site))],
        },
        Kind::SignUpCode => code(
            facts,
            say.letter_signup_code_title(),
            say.letter_signup_code_text(site),
            SIGN_UP_CODE,
        ),
        Kind::PasswordResetCode => code(
            facts,
            say.letter_password_reset_title(),
            say.letter_password_reset_text(site),
            RESET_CODE,
        ),
        Kind::EmailChangeCode => code(
            facts,
            say.letter_email_change_code_title(),
            say.letter_email_change_code_text(site),
            EMAIL_CODE,
        ),
        Kind::SignInCode => code(
            facts,
            say.letter_login_code_title(),
            say.letter_login_code_text(site),
            LOGIN_CODE,
        ),
        Kind::MethodAdded => notice(
            facts,
            say.letter_method_added_title(),
            say.letter_method_added_text(site),
        ),
        Kind::MethodRemoved => notice(
            facts,
            say.letter_method_removed_title(),
            say.letter_method_removed_text(site),
        ),
        Kind::EmailChangedOld => notice(
            facts,
            say.letter_email_changed_title(),
            say.letter_email_changed_old(site),
        ),
        Kind::TakenBack => told(facts, say.letter_taken_back_title(), say.letter_taken_back_text(site)),
        Kind::EmailChangedNew => told(
            facts,
            say.letter_email_changed_title(),
            say.letter_email_changed_new(site),
        ),
        Kind::SignUpKnown => known_owner(facts),
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
        Kind::AccountApproved => told(
            facts,
            say.letter_account_approved_title(),
            say.letter_account_approved_text(site),
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

/// Why the recipient gets a letter of that kind.
pub(super) fn why(kind: Kind, say: &Phrases, site: &str) -> String {
    match kind {
        // There is no account yet, or not of this address.
        Kind::Test | Kind::Unknown | Kind::SignUpCode => say.letter_why_entered(site),
        _ => say.letter_why(site),
    }
}

/// A code to type where somebody asked for it. The link carries the code and not where it belongs: in another browser it is worth
/// nothing, and to open it does nothing (a mail scanner opens every link).
fn code(facts: &Facts<'_>, title: &str, text: String, page: &str) -> Content {
    let Facts { say, letter, .. } = facts;
    let code = facts.value("code").unwrap_or_default();
    let minutes = letter.deadline.since(letter.created_at).as_secs() / 60;
    Content {
        subject: format!("{title} · {}", facts.site),
        preview: text.clone(),
        title: title.to_owned(),
        blocks: vec![
            Block::Text(text),
            Block::Code(code.to_owned()),
            Block::Text(say.letter_code_ends(minutes)),
            Block::Button {
                words: say.letter_code_button().to_owned(),
                url: facts.url(&format!("{page}?code={code}")),
            },
            Block::Text(say.letter_code_not_you().to_owned()),
        ],
    }
}

/// Somebody tried to sign up with the address of an account.
fn known_owner(facts: &Facts<'_>) -> Content {
    let Facts { say, site, .. } = facts;
    let title = say.letter_signup_known_title();
    let text = say.letter_signup_known_text(site);
    Content {
        subject: format!("{title} · {site}"),
        preview: text.clone(),
        title: title.to_owned(),
        blocks: vec![
            Block::Text(text),
            Block::Button {
                words: say.sign_in_button().to_owned(),
                url: facts.url(SIGN_IN),
            },
            Block::Text(say.letter_signup_known_forgotten().to_owned()),
            Block::Button {
                words: say.letter_choose_password().to_owned(),
                url: facts.url(RESET),
            },
        ],
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
    // An address that nobody has proved gets none.
    let (words, path) = match facts.value("appeal") {
        Some(appeal) => (say.letter_not_me(), format!("{NOT_ME}?link={appeal}")),
        None => (say.letter_choose_password(), PASSWORD.to_owned()),
    };
    content.blocks.push(Block::Button {
        words: words.to_owned(),
        url: facts.url(&path),
    });
    content
}

/// Something that an operator did.
fn told(facts: &Facts<'_>, title: &str, text: String) -> Content {
    let subject = format!("{title} · {}", facts.site);
    let mut blocks = vec![Block::Text(text.clone())];
    if matches!(facts.letter.kind, Kind::AccountEnabled | Kind::AccountApproved) {
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
