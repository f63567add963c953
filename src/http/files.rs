//! Style sheet, script and pictures as they are served: this site's own, or the embedded ones.

use hyper::StatusCode;
use hyper::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderValue, VARY};

use crate::domain::{Anyone, Refusal};
use crate::flows::Result;
use crate::http::assets::{self, Sent};
use crate::http::cx::Cx;
use crate::http::headers::PICTURE_POLICY;
use crate::http::reply::Reply;

/// `GET /auth/static/{file}`: exact names only, no listing.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    let accepted = cx.headers().get(ACCEPT_ENCODING);
    let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or("");
    let own = cx.site.file(cx.url_path(), accepted);
    let file = own.or_else(|| assets::file(cx.url_path(), accepted));
    Ok(lasting(file.ok_or(Refusal::NotFound)?))
}

/// A file whose address changes with its content, so that it may be kept for ever.
fn lasting(file: Sent) -> Reply {
    let mut reply = Reply::bytes(StatusCode::OK, file.content_type, file.body)
        .header(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        )
        .header(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = file.encoding {
        reply = reply.header(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if file.is_own_picture {
        reply = reply.header(CONTENT_SECURITY_POLICY, PICTURE_POLICY);
    }
    reply
}
