//! A data server that is told a story: requests, queries, outages, and a disk that answers in any order or fails. The driver
//! keeps the contract of `lode-core` and nothing more; after each step, what must always hold is checked, and at the end
//! everything that is under way comes to its end.

mod completions;
mod driver;
mod effects;
mod upload;

use self::driver::Driver;
use crate::reader::Reader;

/// See the top of this file. The bytes are read as steps; each begins with the byte that says which it is.
pub fn data_server_inputs(data: &[u8]) {
    let mut reader = Reader::new(data);
    let mut driver = Driver::new(&mut reader);
    while !reader.is_at_end() {
        step(&mut driver, &mut reader);
    }
    driver.finish();
}

fn step(driver: &mut Driver, reader: &mut Reader<'_>) {
    match reader.below(11) {
        0 => driver.wait_for_deadline(),
        1 => driver.pass(reader.time_step(), true),
        2 => driver.pass(reader.time_step(), false),
        3 => driver.toggle_bus(),
        4 => driver.hear_nonsense(reader),
        5 => driver.query(reader),
        6 | 7 => driver.request(reader),
        8 => driver.asker_goes(reader),
        9 => driver.complete_one(reader),
        _ => driver.complete_again(reader),
    }
}
