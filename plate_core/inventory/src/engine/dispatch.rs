//! The work of the engine's thread: take in, sort into lanes, send, hand the answers to their lists.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::spawn_local;

use super::backlog::Pacemaker;
use super::error::EngineError;
use super::gathering::Gathering;
use super::intake::{Intake, Job};
use super::lanes::Lanes;
use super::thread::Options;
use super::{Backend, Completion};

/// One item on its way, and the place in its caller's list where the answer belongs.
struct Waiting<B: Backend, T: Completion<B>> {
    item: B::Item,
    place: Place<B, T>,
}

struct Place<B: Backend, T: Completion<B>> {
    list: Rc<Gathering<B, T>>,
    index: usize,
}

/// Everything the thread owns.
pub(super) struct Dispatch<B: Backend, T: Completion<B>> {
    backend: Rc<B>,
    intake: Arc<Intake<B, T>>,
    lanes: RefCell<Lanes<B::Lane, Waiting<B, T>>>,
    pacemaker: RefCell<Pacemaker>,
    /// Batches and calls under way.
    under_way: Cell<usize>,
    landed: Notify,
    options: Options,
}

impl<B: Backend, T: Completion<B>> Dispatch<B, T> {
    pub(super) fn new(backend: B, intake: Arc<Intake<B, T>>, options: Options) -> Rc<Self> {
        Rc::new(Self {
            backend: Rc::new(backend),
            intake,
            lanes: RefCell::new(Lanes::new(options.lanes)),
            pacemaker: RefCell::new(Pacemaker::new()),
            under_way: Cell::new(0),
            landed: Notify::new(),
            options,
        })
    }

    /// Run until the intake is closed; then give what is under way its grace.
    pub(super) async fn serve(self: Rc<Self>) {
        while !self.intake.closed() {
            self.take_in();
            self.intake.bell.notified().await;
        }
        self.intake.refuse_all();
        for waiting in self.lanes.borrow_mut().drain() {
            waiting.place.list.fail(EngineError::Closed);
        }
        // What the grace does not suffice for is reported as unknown when its task is dropped.
        let _ = tokio::time::timeout(self.options.close_grace, self.idle()).await;
    }

    async fn idle(&self) {
        while self.under_way.get() > 0 {
            self.landed.notified().await;
        }
    }

    /// Sort in everything that was pushed, and only then send: what came in one kick shares its batches.
    fn take_in(self: &Rc<Self>) {
        while let Some(job) = self.intake.pop() {
            match job {
                Job::List { items, ticket, room } => {
                    let list = Rc::new(Gathering::new(items.len(), ticket, room));
                    let mut lanes = self.lanes.borrow_mut();
                    for (index, (lane, item)) in items.into_iter().enumerate() {
                        lanes.push(lane, Waiting { item, place: Place { list: Rc::clone(&list), index } });
                    }
                }
                Job::Call(run) => {
                    let flight = Flight::begin(self, None);
                    let call = run(Ok(Rc::clone(&self.backend)));
                    spawn_local(async move {
                        call.await;
                        drop(flight);
                    });
                }
            }
        }
        let busy = self.lanes.borrow().busy();
        busy.into_iter().for_each(|lane| self.launch(lane));
    }

    /// Send what a lane may send now.
    fn launch(self: &Rc<Self>, lane: B::Lane) {
        loop {
            let Some(batch) = self.lanes.borrow_mut().take(lane) else {
                return;
            };
            let flight = Flight::begin(self, Some(lane));
            spawn_local(Rc::clone(self).carry(lane, batch, flight));
        }
    }

    async fn carry(self: Rc<Self>, lane: B::Lane, batch: Vec<Waiting<B, T>>, flight: Flight<B, T>) {
        let size = batch.len();
        let (items, places): (Vec<_>, Vec<_>) = batch.into_iter().map(|it| (it.item, it.place)).unzip();
        let result = self.backend.run(lane, items).await;
        drop(flight);
        // Before the answers are handed out: the store should have its next batch while we do that.
        self.launch(lane);
        self.pacemaker.borrow_mut().landed(size, &self.intake.backlog);
        match result {
            Ok(replies) if replies.len() == size => {
                for (place, reply) in places.into_iter().zip(replies) {
                    place.list.answer(place.index, reply);
                }
            }
            // A backend that answers another number of items than it was given has broken its promise; which
            // answer belongs to whom cannot be told.
            Ok(_) => places.into_iter().for_each(|place| place.list.fail(EngineError::Lost)),
            Err(error) => {
                for place in places {
                    place.list.fail(EngineError::Backend(error.clone()));
                }
            }
        }
    }
}

/// Something under way; its drop, at the end or in a panic, makes room in its lane.
struct Flight<B: Backend, T: Completion<B>> {
    dispatch: Rc<Dispatch<B, T>>,
    lane: Option<B::Lane>,
}

impl<B: Backend, T: Completion<B>> Flight<B, T> {
    fn begin(dispatch: &Rc<Dispatch<B, T>>, lane: Option<B::Lane>) -> Self {
        dispatch.under_way.set(dispatch.under_way.get() + 1);
        Self { dispatch: Rc::clone(dispatch), lane }
    }
}

impl<B: Backend, T: Completion<B>> Drop for Flight<B, T> {
    fn drop(&mut self) {
        self.dispatch.under_way.set(self.dispatch.under_way.get() - 1);
        self.dispatch.landed.notify_one();
        if let Some(lane) = self.lane {
            self.dispatch.lanes.borrow_mut().landed(lane);
        }
        if std::thread::panicking() {
            // Nobody else would launch this lane again.
            self.dispatch.intake.bell.notify_one();
        }
    }
}
