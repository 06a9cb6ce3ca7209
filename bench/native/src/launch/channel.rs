//! A channel's service account at the opening hour: a hundred holds in one request, then acts for some of the citizens.
//!
//! Few marks are wanted by many, so most answers of those are refusals; they are operations too, for a refusal says
//! who had the mark. Now and then a batch is sent twice, as after a bad connection. What nobody acts on runs out.

use std::fmt::Write as _;

use serde::Deserialize;
use tokio::time::Instant;

use crate::client::{Client, Question, Reply};
use crate::crowd::Books;
use crate::journey::{Begun, PaymentSide, Problem, Settlement, notification, read};
use crate::plan::Channel;
use crate::told::{End, Holding};

const BATCH: usize = 100;
/// How many in a hundred wishes are for one of a pool's wanted marks.
const WANTED_PERCENT: u64 = 20;
/// How many of a hundred holds are given back, kept longer, paid for; the others run out.
const RELEASED_PERCENT: u64 = 8;
const EXTENDED_PERCENT: u64 = 11;
const PAID_PERCENT: u64 = 14;
const REPEATED_PERCENT: u64 = 2;

/// Who may be served, and with which marks.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sale {
    /// Identification numbers of people who are made up.
    people: Vec<String>,
    pools: Vec<Pool>,
}

/// The marks of a pool: those that everybody wants are never bought, or soon nobody could want them.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pool {
    wanted: Vec<String>,
    others: Vec<String>,
}

impl Sale {
    /// The sale that stands in a file.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let text = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        let sale: Self = serde_json::from_slice(&text).map_err(|error| format!("{path}: {error}"))?;
        let empty = |pool: &Pool| pool.wanted.is_empty() || pool.others.is_empty();
        if sale.people.is_empty() || sale.pools.is_empty() || sale.pools.iter().any(empty) {
            return Err(format!("{path}: people, pools and their marks must not be empty"));
        }
        Ok(sale)
    }
}

/// Luck that a seed decides (SplitMix64: Steele, Lea and Flood, 2014).
#[derive(Debug)]
struct Luck(u64);

impl Luck {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn percent(&mut self) -> u64 {
        self.draw() % 100
    }

    #[allow(clippy::cast_possible_truncation, reason = "the remainder is below a length")]
    fn below(&mut self, length: usize) -> usize {
        (self.draw() % length as u64) as usize
    }
}

/// One item of a batch.
#[derive(Debug)]
struct Wish<'a> {
    person: usize,
    mark: &'a str,
    is_wanted: bool,
}

#[derive(Deserialize)]
struct BatchAnswer {
    results: Vec<BatchResult>,
}

#[derive(Deserialize)]
struct BatchResult {
    holding: Option<Holding>,
    problem: Option<Problem>,
}

/// Serves until it has done its operations or the time is over.
pub(crate) async fn serve(
    client: &mut Client,
    channel: &Channel,
    sale: &Sale,
    side: &PaymentSide,
    books: &Books,
    until: Instant,
) {
    let luck = Luck(channel.seed);
    let mut service = Service { client, channel, sale, side, books, luck, asked: 0, done: 0 };
    while service.done < channel.operations && Instant::now() < until {
        if service.turn().await.is_none() {
            break;
        }
    }
}

struct Service<'a> {
    client: &'a mut Client,
    channel: &'a Channel,
    sale: &'a Sale,
    side: &'a PaymentSide,
    books: &'a Books,
    luck: Luck,
    asked: u64,
    done: u64,
}

/// `None` ends the service: something failed, and the tally says what.
impl<'a> Service<'a> {
    async fn turn(&mut self) -> Option<()> {
        let wishes = self.wishes();
        let (key, body) = (self.new_key(), self.batch_body(&wishes));
        let held = self.hold_all(&key, &body, &wishes).await?;
        if self.luck.percent() < REPEATED_PERCENT {
            self.hold_all(&key, &body, &wishes).await?;
        }
        for (index, holding) in held {
            self.act_on(&wishes[index], &holding).await?;
        }
        Some(())
    }

    fn wishes(&mut self) -> Vec<Wish<'a>> {
        let (sale, luck) = (self.sale, &mut self.luck);
        let pool = &sale.pools[luck.below(sale.pools.len())];
        let wish = |_| {
            let is_wanted = luck.percent() < WANTED_PERCENT;
            let marks = if is_wanted { &pool.wanted } else { &pool.others };
            Wish { person: luck.below(sale.people.len()), mark: &marks[luck.below(marks.len())], is_wanted }
        };
        (0..BATCH).map(wish).collect()
    }

    fn batch_body(&self, wishes: &[Wish<'_>]) -> String {
        let mut body = String::from("{\"items\":[");
        for (index, wish) in wishes.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let iin = &self.sale.people[wish.person];
            // Writing to memory does not fail.
            let _ = write!(body, "{comma}{{\"applicant\":{{\"iin\":\"{iin}\"}},\"mark\":\"{}\"}}", wish.mark);
        }
        body.push_str("]}");
        body
    }

    /// Which were held, each with the place of its wish.
    async fn hold_all(
        &mut self,
        key: &str,
        body: &str,
        wishes: &[Wish<'_>],
    ) -> Option<Vec<(usize, Holding)>> {
        let reply = self.change("batch", "/v1/hold-batches", key, "", body.to_owned()).await?;
        let Some(answer) = read::<BatchAnswer>(&reply, 200) else { return self.failed("batch", &reply) };
        self.done += answer.results.len() as u64;
        let mut told = self.books.told.borrow_mut();
        let mut held = Vec::new();
        for (index, (wish, result)) in wishes.iter().zip(answer.results).enumerate() {
            let (person, request) = (name(wish.person), format!("{key}#{index}"));
            if let Some(holding) = result.holding {
                told.holding(&person, &request, "held", &holding, reply.span);
                held.push((index, holding));
            } else {
                let problem = result.problem.unwrap_or_default();
                told.plain(&person, &request, wish.mark, problem.slug(), problem.server_time_ms, reply.span);
            }
        }
        Some(held)
    }

    async fn act_on(&mut self, wish: &Wish<'_>, holding: &Holding) -> Option<()> {
        match self.luck.percent() {
            0..RELEASED_PERCENT => self.release(wish, holding).await,
            RELEASED_PERCENT..EXTENDED_PERCENT => self.extend(wish, holding).await,
            EXTENDED_PERCENT..PAID_PERCENT if !wish.is_wanted => self.buy(wish, holding).await,
            _ => Some(()),
        }
    }

    async fn release(&mut self, wish: &Wish<'_>, holding: &Holding) -> Option<()> {
        let key = self.new_key();
        let reply = self.act("release", &key, wish, holding).await?;
        match read::<End>(&reply, 200) {
            Some(end) => {
                let mut told = self.books.told.borrow_mut();
                told.ended(&name(wish.person), &key, "released", holding, end, reply.span);
                Some(())
            }
            None => self.refused("release", &key, wish, holding, &reply),
        }
    }

    async fn extend(&mut self, wish: &Wish<'_>, holding: &Holding) -> Option<()> {
        let key = self.new_key();
        let reply = self.act("extension", &key, wish, holding).await?;
        match read::<Holding>(&reply, 200) {
            Some(extended) => {
                let mut told = self.books.told.borrow_mut();
                told.holding(&name(wish.person), &key, "extended", &extended, reply.span);
                Some(())
            }
            None => self.refused("extension", &key, wish, holding, &reply),
        }
    }

    async fn buy(&mut self, wish: &Wish<'_>, holding: &Holding) -> Option<()> {
        let key = self.new_key();
        let reply = self.act("payment", &key, wish, holding).await?;
        let Some(begun) = read::<Begun>(&reply, 201) else {
            return self.refused("payment", &key, wish, holding, &reply);
        };
        let person = name(wish.person);
        self.books.told.borrow_mut().holding(&person, &key, "payment_begun", &begun.holding, reply.span);
        let transaction = self.new_key();
        let (body, signature) = self.side.word(&transaction, &begun.invoice);
        let reply = self.ask("notify", notification(body, &signature)).await?;
        self.done += 1;
        let Some(settled) = read::<Settlement>(&reply, 200) else { return self.failed("notify", &reply) };
        let end = End { revision: 0, server_time_ms: settled.server_time_ms };
        let mut told = self.books.told.borrow_mut();
        told.ended(&person, &transaction, &settled.outcome, &begun.holding, end, reply.span);
        Some(())
    }

    /// An act at the desk on a hold, for its citizen.
    async fn act(&mut self, act: &str, key: &str, wish: &Wish<'_>, holding: &Holding) -> Option<Reply> {
        let path = format!("/v1/desk/holds/{}/{act}", holding.mark);
        let if_match = format!("\"{}-{}\"", holding.hold_id, holding.revision);
        let body = format!("{{\"applicant\":{{\"iin\":\"{}\"}}}}", self.sale.people[wish.person]);
        let reply = self.change(act, &path, key, &if_match, body).await?;
        self.done += 1;
        Some(reply)
    }

    /// A hold may have run out before somebody acts on it, and not a millisecond before its deadline.
    fn refused(
        &self,
        label: &str,
        key: &str,
        wish: &Wish<'_>,
        holding: &Holding,
        reply: &Reply,
    ) -> Option<()> {
        let problem = read::<Problem>(reply, reply.status).unwrap_or_default();
        let has_run_out = matches!(reply.status, 404 | 410 | 412)
            && (problem.server_time_ms == 0 || holding.deadline_ms <= Some(problem.server_time_ms));
        if !has_run_out {
            return self.failed(label, reply);
        }
        let mut told = self.books.told.borrow_mut();
        let (slug, server_ms) = (problem.slug(), problem.server_time_ms);
        told.plain(&name(wish.person), key, &holding.mark, slug, server_ms, reply.span);
        Some(())
    }

    async fn change(
        &mut self,
        label: &str,
        path: &str,
        key: &str,
        if_match: &str,
        body: String,
    ) -> Option<Reply> {
        let token = &self.channel.token;
        let body = Some(body.into_bytes());
        self.ask(label, Question { method: "POST", path, token, key, if_match, body, ..Question::default() })
            .await
    }

    async fn ask(&mut self, label: &str, question: Question<'_>) -> Option<Reply> {
        let since = Instant::now();
        let reply = self.client.ask(question).await;
        let mut tally = self.books.tally.borrow_mut();
        tally.count(label, reply.as_ref().ok().map(|reply| reply.status), since.elapsed());
        reply.map_err(|error| tally.fail(format!("{label}: {error}"))).ok()
    }

    fn failed<T>(&self, label: &str, reply: &Reply) -> Option<T> {
        let body = String::from_utf8_lossy(&reply.body);
        self.books.tally.borrow_mut().fail(format!("{label}: {} {body}", reply.status));
        None
    }

    fn new_key(&mut self) -> String {
        self.asked += 1;
        format!("{}-{}", self.channel.key, self.asked)
    }
}

/// What a person who is made up is called; the number that he is known by stays with the service.
fn name(person: usize) -> String {
    format!("citizen-{person}")
}

#[cfg(test)]
mod tests {
    use super::{Luck, Sale};

    #[test]
    fn luck_is_decided_by_its_seed() {
        let draws = |seed| {
            let mut luck = Luck(seed);
            [luck.draw(), luck.draw()]
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn a_sale_without_marks_is_refused() {
        let file = std::env::temp_dir().join(format!("sale-{}.json", std::process::id()));
        std::fs::write(&file, r#"{"people": ["1"], "pools": []}"#).unwrap();
        let read = Sale::read(&file.to_string_lossy());
        std::fs::remove_file(&file).unwrap();
        assert!(read.is_err_and(|sentence| sentence.contains("must not be empty")));
    }
}
