//! Finds tasks that panic where nobody waits for them: then their test fails.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, Once, PoisonError};

/// How many have panicked, by the names of their threads.
static PANICS: Mutex<Option<HashMap<String, u32>>> = Mutex::new(None);

fn with_panics<T>(then: impl FnOnce(&mut HashMap<String, u32>) -> T) -> T {
    then(PANICS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default())
}

fn count() {
    static COUNTED: Once = Once::new();
    COUNTED.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if let Some(name) = std::thread::current().name() {
                with_panics(|panics| *panics.entry(name.to_owned()).or_default() += 1);
            }
            told(panic);
        }));
    });
}

thread_local! {
    /// The watch of the case that this thread runs.
    static OF_THIS_CASE: RefCell<Option<Watch>> = const { RefCell::new(None) };
}

/// The panics of this case so far were intended.
pub fn forgive() {
    let watch = OF_THIS_CASE.with_borrow(Clone::clone).expect("a case");
    assert!(with_panics(|panics| panics.remove(&watch.threads)).is_some(), "nothing has panicked");
}

/// The panics of the threads of one runtime.
#[derive(Clone, Debug)]
pub struct Watch {
    threads: String,
}

impl Watch {
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        count();
        Self { threads: format!("case-{}", NUMBER.fetch_add(1, Ordering::Relaxed)) }
    }

    /// Begins, for the case that this thread runs. Returns the name for the threads of its runtime.
    pub fn begin(&self) -> String {
        OF_THIS_CASE.set(Some(self.clone()));
        self.threads.clone()
    }

    /// How many of their tasks have panicked so far.
    pub fn panics(&self) -> u32 {
        with_panics(|panics| panics.get(&self.threads).copied().unwrap_or_default())
    }
}
