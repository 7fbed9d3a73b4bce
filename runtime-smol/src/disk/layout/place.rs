//! Which file a name stands for.

use lode_core::catalog::{BlobId, Description};
use lode_core::name::ObjectName;

/// The two trees of blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Tree {
    /// What has come without a description.
    Objects,
    /// What has come with one, under the id of a blob.
    Blobs,
}

/// One of the 256 folders of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct FolderId {
    pub(in super::super) tree: Tree,
    pub(in super::super) number: u8,
}

/// Where a blob lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct BlobPath {
    pub(in super::super) folder: FolderId,
    file: String,
}

impl Tree {
    pub(in super::super) const ALL: [Self; 2] = [Self::Objects, Self::Blobs];

    /// Its folder in that of the data server.
    pub(in super::super) const fn name(self) -> &'static str {
        match self {
            Self::Objects => "objects",
            Self::Blobs => "blobs",
        }
    }
}

impl FolderId {
    /// How many there are.
    pub(in super::super) const COUNT: usize = 512;

    /// All of a tree, in their order.
    pub(in super::super) fn of_tree(tree: Tree) -> impl Iterator<Item = Self> {
        (0..=u8::MAX).map(move |number| Self { tree, number })
    }

    /// Where that of a blob stands in the order of the folders.
    pub(in super::super) fn of_blob(blob: BlobId) -> Self {
        let [number, ..] = *blake3::hash(&blob.to_bytes()).as_bytes();
        Self { tree: Tree::Blobs, number }
    }

    /// The one with this number among those of both trees.
    pub(in super::super) fn of_index(index: usize) -> Option<Self> {
        let number = u8::try_from(index % 256).ok()?;
        Tree::ALL.get(index / 256).map(|tree| Self { tree: *tree, number })
    }

    /// Its number among those of both trees, below [`COUNT`](Self::COUNT).
    pub(in super::super) fn index(self) -> usize {
        let tree = match self.tree {
            Tree::Objects => 0,
            Tree::Blobs => 256,
        };
        tree + usize::from(self.number)
    }

    /// Its folder in that of the tree.
    pub(in super::super) fn name(self) -> String {
        format!("{:02x}", self.number)
    }
}

impl BlobPath {
    /// Where an object lies that has come without a description.
    pub(in super::super) fn of_object(name: &ObjectName) -> Self {
        let hash = blake3::hash(name.as_bytes());
        let [number, ..] = *hash.as_bytes();
        Self { folder: FolderId { tree: Tree::Objects, number }, file: hash.to_hex().to_string() }
    }

    /// Where a blob lies that has come with a description.
    pub(in super::super) fn of_blob(blob: BlobId) -> Self {
        Self { folder: FolderId::of_blob(blob), file: blob.to_string() }
    }

    /// Where what has this name is written.
    pub(in super::super) fn to_write(name: &ObjectName, description: Option<&Description>) -> Self {
        match (BlobId::of_name(name), description) {
            (Some(blob), Some(_)) => Self::of_blob(blob),
            (Some(_), None) | (None, _) => Self::of_object(name),
        }
    }

    /// The file of this name in a folder.
    pub(in super::super) fn in_folder(folder: FolderId, file: &str) -> Self {
        Self { folder, file: file.to_owned() }
    }

    /// Whether what lies there may have this name.
    pub(in super::super) fn is_of(&self, name: &ObjectName) -> bool {
        Self::all_of(name).any(|path| path == *self)
    }

    /// Where to look for what has this name, one after the other.
    pub(in super::super) fn all_of(name: &ObjectName) -> impl Iterator<Item = Self> + use<> {
        BlobId::of_name(name).map(Self::of_blob).into_iter().chain([Self::of_object(name)])
    }

    /// Relative to the folder of its tree.
    pub(in super::super) fn relative(&self) -> String {
        format!("{}/{}", self.folder.name(), self.file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_length_have_a_path_of_their_own() {
        let long = ObjectName::from_segment(&[b'x'; 1024]).unwrap();
        let path = BlobPath::of_object(&long);
        assert_eq!(path.relative().len(), 67);
        assert!(path.relative().starts_with(&format!("{0:02x}/{0:02x}", path.folder.number)));
        assert_ne!(path, BlobPath::of_object(&ObjectName::from_segment(b"x").unwrap()));
    }

    #[test]
    fn the_id_of_a_blob_is_looked_for_among_the_blobs_first() {
        let blob = BlobId::from_bytes([7; 16]);
        let paths: Vec<_> = BlobPath::all_of(&blob.name()).collect();
        assert_eq!(paths, [BlobPath::of_blob(blob), BlobPath::of_object(&blob.name())]);
        assert!(paths[0].relative().ends_with("/0707070707070707-0707070707070707"));
        let object = ObjectName::from_segment(b"x").unwrap();
        assert!(BlobPath::all_of(&object).eq([BlobPath::of_object(&object)]));
    }

    #[test]
    fn blobs_of_one_upload_after_the_other_fill_the_folders_evenly() {
        let mut filled = [0_u32; 256];
        for number in 0..25_600_u128 {
            let folder = FolderId::of_blob(BlobId::from_bytes((7 << 64 | number).to_be_bytes()));
            filled[usize::from(folder.number)] += 1;
        }
        assert!(filled.iter().all(|count| (50..=150).contains(count)), "{filled:?}");
    }
}
