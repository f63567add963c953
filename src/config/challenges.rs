//! Codes by mail.

use crate::config::Environment;
use crate::config::mail::Transport;
use crate::config::reader::Reader;
use crate::domain::challenge::Terms;

/// Codes by mail.
#[derive(Debug, Clone, Copy)]
pub struct Challenges {
    /// Whether an account is opened only once a code was entered that was mailed (`AUTHARA_CHALLENGE_ENABLED`).
    pub at_sign_up: bool,
    /// Whether people may sign in by such a code (`AUTHARA_LOGIN_CODE_ENABLED`).
    pub at_sign_in: bool,
    /// Whether nobody goes on without having proved their address (`AUTHARA_EMAIL_VERIFICATION_REQUIRED`).
    pub is_proof_required: bool,
    /// How long they last and how often one may try.
    pub terms: Terms,
}

impl Challenges {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        transport: Option<&Transport>,
        environment: Option<Environment>,
    ) -> Option<Self> {
        const SWITCH: &str = "AUTHARA_CHALLENGE_ENABLED";
        const SIGN_IN: &str = "AUTHARA_LOGIN_CODE_ENABLED";
        const REQUIRED: &str = "AUTHARA_EMAIL_VERIFICATION_REQUIRED";

        let life = reader.duration("AUTHARA_CHALLENGE_TTL");
        let code_life = reader.duration("AUTHARA_CHALLENGE_VERIFICATION_CODE_TTL");
        let most_attempts = reader.count("AUTHARA_CHALLENGE_MAX_ATTEMPTS");
        let most_resends = reader.count("AUTHARA_CHALLENGE_MAX_RESENDS");
        let resend_pause = reader.duration("AUTHARA_CHALLENGE_MIN_RESEND_INTERVAL");
        let at_sign_up = if reader.is_set(SWITCH) {
            reader.boolean(SWITCH)?
        } else {
            // To try something out needs no code.
            !matches!(transport, None | Some(Transport::Inbox))
        };
        let at_sign_in = reader.boolean(SIGN_IN);
        let is_proof_required = reader.boolean(REQUIRED);
        let switches = [
            (SWITCH, at_sign_up),
            (SIGN_IN, at_sign_in?),
            (REQUIRED, is_proof_required?),
        ];
        // Commands beside a development server know nothing of its inbox, and need none.
        let is_on_without = transport.is_none() && environment != Some(Environment::Dev);
        let mut is_whole = true;
        for (name, _) in switches.into_iter().filter(|(_, is_on)| *is_on && is_on_without) {
            reader.problem(
                name,
                "is true, but no way to send mail is set; see AUTHARA_EMAIL_SMTP_HOST",
            );
            is_whole = false;
        }
        let terms = Terms {
            life: life?,
            code_life: code_life?,
            most_attempts: u32::try_from(most_attempts?).ok()?,
            most_resends: u32::try_from(most_resends?).ok()?,
            resend_pause: resend_pause?,
        };
        let is_possible = transport.is_some();
        is_whole.then_some(Self {
            at_sign_up: at_sign_up && is_possible,
            at_sign_in: at_sign_in? && is_possible,
            is_proof_required: is_proof_required? && is_possible,
            terms,
        })
    }
}
