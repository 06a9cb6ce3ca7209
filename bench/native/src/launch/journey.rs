//! One application: search, hold, begin to pay, and the payment side's signed word that makes the mark his.
//!
//! A refusal that the rules foresee (somebody was faster, a hold was cut by a change of tariff and not a millisecond
//! before) is an answer, and the citizen goes on to his next wish. Anything else fails and ends the journey.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::time::Instant;

use crate::client::{Client, Question, Reply};
use crate::crowd::Books;
use crate::plan::Journey;
use crate::told::{End, Holding};

const NOTIFICATIONS: &str = "/v1/payments/notifications";
/// Whoever is refused so often goes home, and that is a failure.
const TRIES_MAX: usize = 16;

/// The payment side's key: HMAC-SHA256 over the moment and the body.
#[derive(Debug)]
pub(crate) struct PaymentSide(Hmac<Sha256>);

impl PaymentSide {
    /// The side that signs with a key in hex.
    pub(crate) fn new(hex: &str) -> Result<Self, String> {
        let digits =
            |index: usize| hex.get(index..index + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let key: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(digits).collect();
        let key = key.ok_or("payment_key is not hex")?;
        Hmac::new_from_slice(&key).map(Self).map_err(|error| error.to_string())
    }

    /// That an invoice was paid just now, and the signature of it.
    pub(crate) fn word(&self, transaction: &str, invoice: &Invoice) -> (Vec<u8>, String) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let body = json!({
            "event": "paid",
            "transaction": transaction,
            "reference": invoice.reference,
            "amount_tiyn": invoice.amount_tiyn,
            "paid_at_ms": u64::try_from(at.as_millis()).unwrap_or_default(),
        })
        .to_string()
        .into_bytes();
        let signature = self.sign(&body, at);
        (body, signature)
    }

    fn sign(&self, body: &[u8], at: Duration) -> String {
        let mut mac = self.0.clone();
        mac.update(format!("{}.", at.as_secs()).as_bytes());
        mac.update(body);
        let hash = mac.finalize().into_bytes();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={},v1={hex}", at.as_secs())
    }
}

#[derive(Deserialize)]
struct Page {
    marks: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    mark: String,
}

/// A payment that was begun, and what is to be paid.
#[derive(Deserialize)]
pub(crate) struct Begun {
    pub(crate) holding: Holding,
    pub(crate) invoice: Invoice,
}

/// What is to be paid, and what the payment side names it by.
#[derive(Deserialize)]
pub(crate) struct Invoice {
    reference: String,
    amount_tiyn: u64,
}

/// A problem, as far as a person acts on it.
#[derive(Deserialize, Default)]
pub(crate) struct Problem {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    pub(crate) server_time_ms: u64,
}

impl Problem {
    /// Its name.
    pub(crate) fn slug(&self) -> &str {
        self.kind.rsplit(':').next().unwrap_or_default()
    }
}

/// What became of the money.
#[derive(Deserialize)]
pub(crate) struct Settlement {
    pub(crate) outcome: String,
    pub(crate) server_time_ms: u64,
}

/// What a step came to: something to go on with, a refusal that the rules foresee, or the end.
enum Step<T> {
    On(T),
    Refused,
    Failed,
}

/// Travels the whole way, and notes how it ended.
pub(crate) async fn travel(client: &mut Client, journey: &Journey, side: &PaymentSide, books: &Books) {
    let mut traveller = Traveller { client, journey, side, books, asked: 0 };
    let end = traveller.travel().await;
    books.tally.borrow_mut().end(end);
}

struct Traveller<'a> {
    client: &'a mut Client,
    journey: &'a Journey,
    side: &'a PaymentSide,
    books: &'a Books,
    asked: u32,
}

impl Traveller<'_> {
    async fn travel(&mut self) -> &'static str {
        let Step::On(found) = self.search().await else { return "failed" };
        let wishes = self.journey.wishes.iter().chain(&found).take(TRIES_MAX);
        for mark in wishes {
            match self.buy(mark).await {
                Step::On(()) => return "allotted",
                Step::Refused => {}
                Step::Failed => return "failed",
            }
        }
        self.books.tally.borrow_mut().fail(format!("{} went home without a mark", self.journey.person));
        "went_home"
    }

    async fn search(&mut self) -> Step<Vec<String>> {
        let question = Question {
            method: "GET",
            path: &self.journey.search,
            token: &self.journey.token,
            ..Question::default()
        };
        let Some(reply) = self.ask("search", question).await else { return Step::Failed };
        match read::<Page>(&reply, 200) {
            Some(page) => Step::On(page.marks.into_iter().map(|found| found.mark).collect()),
            None => self.failed("search", &reply),
        }
    }

    /// From the hold to the mark that is his.
    async fn buy(&mut self, mark: &str) -> Step<()> {
        let (held, etag) = match self.hold(mark).await {
            Step::On(held) => held,
            Step::Refused => return Step::Refused,
            Step::Failed => return Step::Failed,
        };
        match self.begin_payment(&held, &etag).await {
            Step::On(begun) => self.pay(&begun).await,
            Step::Refused => Step::Refused,
            Step::Failed => Step::Failed,
        }
    }

    async fn hold(&mut self, mark: &str) -> Step<(Holding, String)> {
        let key = self.new_key();
        let mut body = json!({"mark": mark});
        if let Some(applicant) = &self.journey.applicant {
            body["applicant"] = applicant.clone();
        }
        let question = change(self.journey, &self.journey.holds, &key, Some(&body));
        let Some(reply) = self.ask("hold", question).await else { return Step::Failed };
        if let Some(held) = read::<Holding>(&reply, 201) {
            self.books.told.borrow_mut().holding(&self.journey.person, &key, "held", &held, reply.span);
            return Step::On((held, reply.etag));
        }
        if !matches!(reply.status, 409 | 422 | 429) {
            return self.failed("hold", &reply);
        }
        let problem = read::<Problem>(&reply, reply.status).unwrap_or_default();
        self.books.told.borrow_mut().plain(
            &self.journey.person,
            &key,
            mark,
            problem.slug(),
            problem.server_time_ms,
            reply.span,
        );
        Step::Refused
    }

    async fn begin_payment(&mut self, held: &Holding, etag: &str) -> Step<Begun> {
        let key = self.new_key();
        let path = format!("{}/{}/payment", self.journey.holds, held.mark);
        let body = self.journey.applicant.as_ref().map(|applicant| json!({"applicant": applicant}));
        let mut question = change(self.journey, &path, &key, body.as_ref());
        question.if_match = etag;
        let Some(reply) = self.ask("begin payment", question).await else { return Step::Failed };
        if let Some(begun) = read::<Begun>(&reply, 201) {
            self.books.told.borrow_mut().holding(
                &self.journey.person,
                &key,
                "payment_begun",
                &begun.holding,
                reply.span,
            );
            return Step::On(begun);
        }
        let answered_ms = read::<Problem>(&reply, 410).map_or(0, |problem| problem.server_time_ms);
        if held.deadline_ms.is_some_and(|deadline_ms| answered_ms >= deadline_ms) {
            return Step::Refused;
        }
        self.failed("begin payment", &reply)
    }

    async fn pay(&mut self, begun: &Begun) -> Step<()> {
        let transaction = self.new_key();
        let (body, signature) = self.side.word(&transaction, &begun.invoice);
        let question = notification(body, &signature);
        let Some(reply) = self.ask("notify", question).await else { return Step::Failed };
        let Some(settled) = read::<Settlement>(&reply, 200) else { return self.failed("notify", &reply) };
        let end = End { revision: 0, server_time_ms: settled.server_time_ms };
        let (person, outcome) = (&self.journey.person, &settled.outcome);
        let mut told = self.books.told.borrow_mut();
        told.ended(person, &transaction, outcome, &begun.holding, end, reply.span);
        drop(told);
        if settled.outcome == "allotted" {
            return Step::On(());
        }
        if begun.holding.deadline_ms.is_some_and(|deadline_ms| settled.server_time_ms >= deadline_ms) {
            return Step::Refused;
        }
        self.failed("notify", &reply)
    }

    async fn ask(&mut self, label: &str, question: Question<'_>) -> Option<Reply> {
        let since = Instant::now();
        let reply = self.client.ask(question).await;
        let mut tally = self.books.tally.borrow_mut();
        tally.count(label, reply.as_ref().ok().map(|reply| reply.status), since.elapsed());
        match reply {
            Ok(reply) => Some(reply),
            Err(error) => {
                tally.fail(format!("{label}: {error}"));
                None
            }
        }
    }

    fn failed<T>(&self, label: &str, reply: &Reply) -> Step<T> {
        let body = String::from_utf8_lossy(&reply.body);
        self.books.tally.borrow_mut().fail(format!("{label}: {} {body}", reply.status));
        Step::Failed
    }

    fn new_key(&mut self) -> String {
        self.asked += 1;
        format!("{}-{}", self.journey.key, self.asked)
    }
}

/// A request that changes something, in the person's name.
fn change<'q>(journey: &'q Journey, path: &'q str, key: &'q str, body: Option<&Value>) -> Question<'q> {
    Question {
        method: "POST",
        path,
        token: &journey.token,
        key,
        body: body.map(|body| body.to_string().into_bytes()),
        ..Question::default()
    }
}

/// What the payment side sends.
pub(crate) fn notification(body: Vec<u8>, signature: &str) -> Question<'_> {
    Question { method: "POST", path: NOTIFICATIONS, signature, body: Some(body), ..Question::default() }
}

/// The body, when the status is the wanted one and the body is what it promises.
pub(crate) fn read<'a, T: Deserialize<'a>>(reply: &'a Reply, status: u16) -> Option<T> {
    (reply.status == status).then(|| serde_json::from_slice(&reply.body).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::PaymentSide;
    use std::time::Duration;

    #[test]
    fn a_signature_is_the_one_that_the_service_computes() {
        let side = PaymentSide::new(&"00".repeat(32))
            .map(|side| side.sign(b"{}", Duration::from_secs(1_767_600_000)));
        // plateapi/payments/signature.py: sign(bytes(32), b"{}", 1_767_600_000)
        assert_eq!(
            side,
            Ok("t=1767600000,v1=bae0067bc76264a6111095101d092d0cb137d042cb6af76063b7bfacbd8e74bd".to_owned())
        );
        assert!(PaymentSide::new("xy").is_err());
    }
}
