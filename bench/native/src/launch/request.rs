//! One request of a plan, for its own sake.

use tokio::time::Instant;

use crate::client::{Client, Question};
use crate::crowd::Books;
use crate::plan::Request;
use crate::told::Holding;

/// Asks it, and counts its latency from `since`.
pub(crate) async fn ask(client: &mut Client, request: &Request, since: Instant, books: &Books) {
    let question = Question {
        method: &request.method,
        path: &request.path,
        token: &request.token,
        key: &request.key,
        body: request.body.as_ref().map(|body| body.clone().into_bytes()),
        ..Question::default()
    };
    let reply = client.ask(question).await;
    let mut tally = books.tally.borrow_mut();
    tally.count(&request.label, reply.as_ref().ok().map(|reply| reply.status), since.elapsed());
    match reply {
        Ok(reply) if reply.status == request.status => {
            if let Ok(holding) = serde_json::from_slice::<Holding>(&reply.body) {
                books.told.borrow_mut().holding(&request.person, &request.key, "held", &holding, reply.span);
            }
        }
        Ok(reply) => {
            let body = String::from_utf8_lossy(&reply.body);
            tally.fail(format!("{}: {} {body}", request.label, reply.status));
        }
        Err(error) => tally.fail(format!("{}: {error}", request.label)),
    }
}
