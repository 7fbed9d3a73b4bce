//! An API server that is told a story: heartbeats, requests, answers, outages and completions in any order, with its clock
//! stepped between them. The driver keeps the contract of `lode-core` and nothing more; after each step, what must always
//! hold is checked, and at the end everything that is under way comes to its end.

mod client;
mod completions;
mod driver;
mod effects;

use self::driver::Driver;
use crate::reader::Reader;
use crate::world;

/// See the top of this file. The bytes are read as steps; each begins with the byte that says which it is.
pub fn api_server_inputs(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut driver = Driver::new(&mut reader);
    while !reader.is_at_end() {
        step(&mut driver, &mut reader);
    }
    driver.finish();
}

fn step(driver: &mut Driver, reader: &mut Reader<'_>) {
    match reader.below(13) {
        0 => driver.wait_for_deadline(),
        1 => driver.pass(reader.time_step(), true),
        12 => driver.pass(reader.time_step(), false),
        2 => driver.toggle_bus(),
        3 => driver.hear(world::heartbeat(reader)),
        4 => driver.hear_nonsense(reader),
        5 | 6 => driver.request(reader),
        7 => driver.client_goes(reader),
        8 | 9 => driver.answer(reader),
        10 => driver.complete_one(reader),
        _ => driver.complete_again(reader),
    }
}
