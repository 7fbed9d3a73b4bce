//! Against two real data servers in this process.

use std::path::Path;
use std::time::Duration;

use http_types::Method;
use lode_core::api_server::messages::upkeep::CopyOutcome;
use lode_core::catalog::{BlobId, Version};
use lode_core::inventory::{CommittedBlob, InventoryPage, Notes};
use lode_core::time::WallTime;
use lode_core::transfer::TransferFailure;

use super::{ask_held, copy_blob, list_blobs};
use crate::data::tests::Server;
use crate::http::client::{ClientLimits, HttpClient, Request, Response};

const LONG: Duration = Duration::from_secs(20);
const DESCRIPTION: &str = "object objects photos/1.jpg =image/jpeg owner=me";

fn client() -> HttpClient {
    HttpClient::new(ClientLimits::default())
}

fn committed(number: u8) -> CommittedBlob {
    let blob = BlobId::from_bytes([number; 16]);
    CommittedBlob { blob, version: Version::new(3).unwrap(), written: WallTime::from_millis(1_790_000_000_000) }
}

async fn put(client: &HttpClient, server: &Server, blob: &CommittedBlob, body: &[u8]) {
    let target = format!("/objects/{}", blob.blob);
    let request = Request::new(Method::Put, &target).header(Notes::DESCRIPTION, DESCRIPTION).body(body);
    let response = client.send(&server.address, &request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.read_whole(0).await.unwrap();
}

async fn get(client: &HttpClient, server: &Server, blob: &CommittedBlob, method: Method) -> (Response, Vec<u8>) {
    let target = format!("/objects/{}", blob.blob);
    let request = Request::new(method, &target);
    let send = || client.send(&server.address, &request);
    let (head, body) = (send().await.unwrap(), send().await.unwrap());
    (head, body.read_whole(1 << 24).await.unwrap())
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|values| values.as_str())
}

/// Turns a bit of the first byte.
fn damage(file: &Path) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[0] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

#[test]
fn which_are_held_is_answered_and_their_versions_are_noted() {
    let (server, client) = (Server::start(), client());
    smol::block_on(async {
        put(&client, &server, &committed(1), b"bytes").await;
        let (head, _) = get(&client, &server, &committed(1), Method::Get).await;
        assert_eq!((header(&head, Notes::DESCRIPTION), header(&head, Notes::LABEL)), (Some(DESCRIPTION), None));
        let blobs = [committed(1), committed(2)];
        let held = ask_held(&client, &server.address, &blobs, LONG).await;
        assert_eq!(held, Ok(vec![committed(1).blob]));
        for method in [Method::Get, Method::Head] {
            let (head, _) = get(&client, &server, &committed(1), method).await;
            assert_eq!(header(&head, Notes::LABEL), Some("3 1790000000000"));
            assert_eq!(header(&head, Notes::DESCRIPTION), Some(DESCRIPTION));
        }
        let later = CommittedBlob { version: Version::new(4).unwrap(), ..committed(1) };
        assert_eq!(ask_held(&client, &server.address, &[later], LONG).await, Ok(vec![later.blob]));
        let (head, _) = get(&client, &server, &committed(1), Method::Get).await;
        assert_eq!(header(&head, Notes::LABEL), Some("3 1790000000000"), "what is noted stays");
    });
}

#[test]
fn an_inventory_comes_in_pages_and_holds_no_object() {
    let (server, client) = (Server::start(), client());
    smol::block_on(async {
        let request = Request::new(Method::Put, "/objects/test2").body(b"an object");
        assert_eq!(client.send(&server.address, &request).await.unwrap().status(), 200);
        for number in 1..=7 {
            put(&client, &server, &committed(number), b"bytes").await;
        }
        let (mut after, mut told) = (None, Vec::new());
        for _page in 0..9 {
            let page = list_blobs(&client, &server.address, after, 3, LONG).await.unwrap();
            assert!(page.blobs.len() <= 3 && page.blobs.iter().all(|entry| entry.age < LONG), "{page:?}");
            told.extend(page.blobs.iter().map(|entry| entry.blob));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        told.sort();
        assert_eq!(told, (1..=7).map(|number| committed(number).blob).collect::<Vec<_>>());
    });
}

#[test]
fn a_copy_says_what_its_source_says() {
    let (from, to, client) = (Server::start(), Server::start(), client());
    smol::block_on(async {
        for (number, size) in [(1, 0), (2, 5), (3, 3_000_000)] {
            let blob = committed(number);
            put(&client, &from, &blob, &bytes(size)).await;
            let outcome = copy_blob(&client, &blob, &from.address, &to.address, LONG).await;
            assert_eq!(outcome, CopyOutcome::Copied);
            let (head, body) = get(&client, &to, &blob, Method::Get).await;
            assert!(body == bytes(size));
            assert_eq!(header(&head, Notes::DESCRIPTION), Some(DESCRIPTION));
            assert_eq!(header(&head, Notes::LABEL), Some("3 1790000000000"));
        }
    });
}

#[test]
fn what_fails_is_told_apart() {
    let (from, to, client) = (Server::start(), Server::start(), client());
    smol::block_on(async {
        let missing = copy_blob(&client, &committed(9), &from.address, &to.address, LONG).await;
        assert_eq!(missing, CopyOutcome::SourceMissing);
        let nobody = "127.0.0.1:1".parse().unwrap();
        put(&client, &from, &committed(1), b"bytes").await;
        let outcome = copy_blob(&client, &committed(1), &nobody, &to.address, LONG).await;
        assert!(matches!(outcome, CopyOutcome::SourceFailed(TransferFailure::Unreachable { .. })), "{outcome:?}");
        let outcome = copy_blob(&client, &committed(1), &from.address, &nobody, LONG).await;
        assert!(matches!(outcome, CopyOutcome::TargetFailed(TransferFailure::Unreachable { .. })), "{outcome:?}");
    });
}

#[test]
fn a_rotten_blob_is_no_source_and_is_not_held_until_it_is_stored_anew() {
    let (rotten, sound, client) = (Server::start(), Server::start(), client());
    smol::block_on(async {
        let blob = committed(1);
        for server in [&rotten, &sound] {
            put(&client, server, &blob, &bytes(3_000_000)).await;
        }
        damage(&rotten.file(blob.blob));
        let held = || ask_held(&client, &rotten.address, std::slice::from_ref(&blob), LONG);
        assert_eq!(held().await, Ok(vec![blob.blob]), "the end of the file is sound");
        let other = Server::start();
        let outcome = copy_blob(&client, &blob, &rotten.address, &other.address, LONG).await;
        assert_eq!(outcome, CopyOutcome::SourceMissing);
        assert_eq!(held().await, Ok(vec![]));
        let page = list_blobs(&client, &rotten.address, None, 10, LONG).await;
        assert_eq!(page, Ok(InventoryPage { blobs: vec![], next: None }));
        let outcome = copy_blob(&client, &blob, &sound.address, &rotten.address, LONG).await;
        assert_eq!(outcome, CopyOutcome::Copied);
        assert_eq!(held().await, Ok(vec![blob.blob]));
        let (_, body) = get(&client, &rotten, &blob, Method::Get).await;
        assert!(body == bytes(3_000_000));
    });
}
