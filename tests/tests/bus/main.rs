//! The RabbitMQ bus of `lode-smol` on a real broker: what it carries, what it leaves behind (nothing), and what it does when
//! the broker goes away in each of the ways that a broker can.

mod carrying;
mod losing;
mod raw;
mod server;
