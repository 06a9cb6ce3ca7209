//! Who asks when: as fast as answers come, or at a rate, whatever the answers do.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::channel::Sale;
use crate::client::Client;
use crate::plan::{self, Errand};
use crate::run::Run;
use crate::tally::Tally;
use crate::told::Told;
use crate::{channel, journey, request};

/// What is written down while people ask.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) tally: RefCell<Tally>,
    pub(crate) told: RefCell<Told>,
}

/// The line that everybody waits in: errands in their order, each with the moment at which it is due.
struct Line {
    errands: Vec<Errand>,
    next: Cell<usize>,
    begun: Instant,
    every: Option<Duration>,
    until: Instant,
}

impl Line {
    /// The next errand, and since when its person waits.
    async fn next(&self) -> Option<(&Errand, Instant)> {
        let index = self.next.get();
        let errand = self.errands.get(index)?;
        self.next.set(index + 1);
        let Some(every) = self.every else {
            let now = Instant::now();
            return (now < self.until).then_some((errand, now));
        };
        let due = self.begun + every.mul_f64(index_f64(index));
        if due >= self.until {
            return None;
        }
        sleep_until(due).await;
        Some((errand, due))
    }
}

/// An index as a factor; a plan has fewer than 2^53 lines.
#[allow(clippy::cast_precision_loss)]
fn index_f64(index: usize) -> f64 {
    index as f64
}

/// Lets everybody in, and gives the summary when all are done.
pub(crate) async fn let_in(run: Run) -> Result<Value, String> {
    let side = Rc::new(journey::PaymentSide::new(&run.payment_key)?);
    let begun = Instant::now();
    let line = Rc::new(Line {
        errands: plan::read(&run.plan)?,
        next: Cell::new(0),
        begun: Instant::now(),
        every: run.rate.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        until: begun + Duration::from_secs(run.seconds_max),
    });
    let books = Rc::new(Books { tally: RefCell::default(), told: RefCell::new(Told::new(begun)) });
    let sale = Rc::new(run.sale.as_deref().map_or_else(|| Ok(Sale::default()), Sale::read)?);
    let mut people = JoinSet::new();
    for _ in 0..run.connections.min(line.errands.len()) {
        let (line, books, side, sale) =
            (Rc::clone(&line), Rc::clone(&books), Rc::clone(&side), Rc::clone(&sale));
        let mut client = Client::new(&run.address);
        people.spawn_local(async move {
            while let Some((errand, since)) = line.next().await {
                match errand {
                    Errand::Journey(application) => {
                        journey::travel(&mut client, application, &side, &books).await;
                    }
                    Errand::Channel(one) => {
                        channel::serve(&mut client, one, &sale, &side, &books, line.until).await;
                    }
                    Errand::Request(one) => request::ask(&mut client, one, since, &books).await,
                }
            }
        });
    }
    while let Some(ended) = people.join_next().await {
        ended.map_err(|error| format!("a person of the launch ended early: {error}"))?;
    }
    let seconds = line.begun.elapsed().as_secs_f64();
    if let Some(path) = &run.told {
        books.told.borrow().save(path)?;
    }
    Ok(books.tally.borrow_mut().summary(seconds))
}
