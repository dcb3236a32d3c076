"""An index follows its crawl: what searches find, what is embedded, and what its files hold."""

import numpy as np
import pytest

from weft.errors import ContractError, InputError, ModelError
from weft.photos.ingest import process_photo
from weft.search import update_plan
from weft.search.index_manifest import open_for_writing, read_manifest
from weft.whitening import Whitening


def list_names(shop):
    return {path.name for path in shop.index.iterdir()}


def test_only_photos_with_new_bytes_are_embedded(shop, photo):
    shop.crawl({"a/1": [photo(1), photo(2)], "a/2": [photo(3)], "a/3": [photo(4)]})
    assert shop.build().embedded == 4
    # a/1 changes its second photo, a/2 is withdrawn, a/4 is new.
    shop.crawl({"a/1": [photo(1), photo(5)], "a/3": [photo(4)], "a/4": [photo(6)]}, {"a/3": "A new title"})
    summary = shop.update()
    assert (summary.version, summary.embedded, summary.removed, shop.model.num_embedded) == (2, 2, 2, 2)
    assert shop.list_photo_ids() == ["a/1#0", "a/1#1", "a/3#0", "a/4#0"]
    for number, product_id in ((1, "a/1"), (5, "a/1"), (4, "a/3"), (6, "a/4")):
        assert shop.find_first(photo(number)).product_id == product_id
        assert shop.find_first(photo(number)).similarity == pytest.approx(1, abs=1e-3)
    assert shop.find_first(photo(2)).similarity < 0.99
    assert shop.open().products["a/3"].title == "A new title"


def test_a_photo_has_the_vector_that_the_stages_prepare_and_embed_would_give_it(shop, photo):
    shop.crawl({"a/1": [photo(1)], "a/2": [photo(2)]})
    shop.build()
    index = shop.open()
    prepared = [process_photo(photo(number), shop.prepare).jpeg for number in (1, 2)]
    expected = shop.model.model.embed(prepared)
    np.testing.assert_array_equal(index.vectors.take(np.arange(2)), expected.astype(np.float16).astype(np.float32))
    assert [index.pictures.read(name) for name in ("a/1#0", "a/2#0", "a/3#0")] == [*prepared, None]


def test_an_update_without_a_change_writes_nothing(shop, photo):
    shop.crawl({"a/1": [photo(1), b"no photo"]})
    shop.build()
    before = shop.read_all_files()
    summary = shop.update()
    assert (summary.has_changed, summary.version) == (False, 1)
    assert shop.read_all_files() == before


def test_photos_that_change_places_are_copied(shop, photo):
    shop.crawl({"a/1": [photo(1), photo(2)]})
    shop.build()
    shop.crawl({"a/1": [photo(2), photo(1)], "a/2": [photo(1)]})
    summary = shop.update()
    assert (summary.embedded, summary.copied) == (0, 3)
    assert shop.list_photo_ids() == ["a/1#0", "a/1#1", "a/2#0"]
    assert shop.find_first(photo(2)).photo_id == "a/1#0"


def test_a_new_photo_of_two_products_is_embedded_once(shop, photo):
    shop.crawl({"a/1": [photo(1)], "a/2": [photo(1)]})
    assert shop.build().embedded == 1
    assert shop.list_photo_ids() == ["a/1#0", "a/2#0"]


def test_photos_that_are_left_out_are_counted_and_not_tried_again(shop, photo, monkeypatch):
    shop.crawl({"a/1": [photo(1), b"no photo", photo(1)], "a/2": [b"no photo"]})
    left_out = {"cannot be decoded": 2, "duplicate within product": 1}
    assert shop.build().left_out == left_out
    shop.crawl({"a/1": [photo(1), b"no photo", photo(1)], "a/2": [b"no photo"], "a/3": [b"no photo"]})
    monkeypatch.setattr("weft.search.new_segment.process_photo", lambda *_: pytest.fail("a known file was decoded"))
    assert shop.update().left_out == left_out | {"cannot be decoded": 3}
    assert shop.list_photo_ids() == ["a/1#0"]


def test_a_picture_on_many_products_is_not_found_until_few_have_it(shop, photo):
    shop.crawl({f"a/{n:02}": [photo(1), photo(100 + n)] for n in range(21)})
    assert shop.build().left_out == {"shared by many products": 21}
    shop.crawl({f"a/{n:02}": [photo(1), photo(100 + n)] for n in range(20)})
    summary = shop.update()
    assert (summary.embedded, summary.left_out, summary.photos) == (0, {}, 40)


@pytest.mark.parametrize(
    ("kind", "was_withdrawn_before"),
    # weft purge lists the photos of a page too, so that a withdrawn product needs no page here.
    [("shops", True), ("products", False), ("urls", True), ("digests", False), ("page", False)],
)
def test_what_was_purged_is_in_no_file(shop, photo, kind, was_withdrawn_before):
    """Also if the tables of the crawl still have it, or if an earlier version had left it out already."""
    photos = {"a/1": [photo(1), b"no photo"], "b/2": [photo(2), b"broken"], "a/3": [photo(3)], "a/4": [photo(4)]}
    shop.crawl(photos)
    shop.build()
    row = next(row for row in read_rows(shop) if row["product_id"] == "b/2")
    vector = shop.open().vectors.take(np.array([shop.open().photos.photo_ids.index("b/2#0")])).astype(np.float16)
    traces = [row["jpeg"], row["sha256"].encode(), row["fingerprint"], row["url"].encode(), vector.tobytes()]
    assert all(trace in shop.read_all_files() for trace in traces)
    kept = {name: data for name, data in photos.items() if name != "b/2"}
    if was_withdrawn_before:
        shop.crawl(kept)
        shop.update()
        assert row["jpeg"] in shop.read_all_files()
    page = "http://shop.example/b/2"
    values = {"shops": "b", "products": "b/2", "urls": row["url"], "digests": row["sha256"], "page": page}
    shop.purged = {"urls" if kind == "page" else kind: frozenset({values[kind]})}
    assert shop.update().purged == 1
    assert not any(trace in shop.read_all_files() for trace in traces)
    assert shop.list_photo_ids() == ["a/1#0", "a/3#0", "a/4#0"]
    if kind in ("shops", "products", "page"):
        assert b"b/2" not in shop.read_all_files()
        assert set(shop.open().products) == set(kept)


def read_rows(shop):
    return [row for segment in shop.open().segments.values() for row in segment.photos.to_pylist()]


def test_segments_with_many_removed_photos_are_written_again(shop, photo):
    shop.crawl({f"a/{n}": [photo(n)] for n in range(8)})
    shop.build()
    shop.crawl({f"a/{n}": [photo(n)] for n in range(1, 9)})
    shop.update()
    assert [entry.photos for entry in read_manifest(shop.index).segments] == [8, 1]
    shop.crawl({f"a/{n}": [photo(n)] for n in range(4, 9)})
    assert shop.update().embedded == 0
    assert [entry.photos for entry in read_manifest(shop.index).segments] == [1, 4]
    assert shop.list_photo_ids() == [f"a/{n}#0" for n in range(4, 9)]


def test_many_segments_become_one_large_and_one_small(shop, photo, monkeypatch):
    monkeypatch.setattr(update_plan, "MAX_SEGMENTS", 3)
    photos = {f"a/{n}": [photo(n)] for n in range(4)}
    shop.crawl(photos)
    shop.build()
    sizes = []
    for n in range(4, 8):
        photos[f"a/{n}"] = [photo(n)]
        shop.crawl(photos)
        assert shop.update().embedded == 1
        sizes.append([entry.photos for entry in read_manifest(shop.index).segments])
    assert sizes == [[4, 1], [4, 1, 1], [4, 3], [4, 3, 1]]
    shop.update(compact=True)
    assert [entry.photos for entry in read_manifest(shop.index).segments] == [8]
    assert shop.list_photo_ids() == [f"a/{n}#0" for n in range(8)]


def test_an_open_version_answers_after_its_files_were_removed(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    old = shop.open(in_memory=False)
    names = list_names(shop)
    shop.crawl({"a/2": [photo(2)]})
    shop.update()
    assert not names & list_names(shop) - {"lock", "manifest.json"}
    assert [hit.photo_id for hit in old.photos.find_photos(shop.model.model.embed(photo(1))[0], 5)] == ["a/1#0"]
    assert old.pictures.read("a/1#0") == process_photo(photo(1), shop.prepare).jpeg


def test_a_new_version_shares_the_segments_that_an_open_one_has_in_memory(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    old = shop.open()
    shop.crawl({"a/1": [photo(1)], "a/2": [photo(2)]})
    shop.update()
    new = shop.open(previous=old)
    assert set(old.segments.items()) < set(new.segments.items())
    assert len(new.photos.photo_ids) == 2


def test_another_model_is_refused(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    shop.model.digest = "0" * 64
    with pytest.raises(
        ModelError, match=r"expected the model \w{12}, which made this index, got 000000000000; run `weft"
    ):
        shop.update()
    with pytest.raises(ModelError, match="got embeddings by another model"):
        shop.open()
    shop.build()
    assert (shop.open().version, shop.list_photo_ids()) == (2, ["a/1#0"])


def test_a_catalogue_without_photos_can_be_built_and_grows(shop, photo):
    shop.crawl({"a/1": []})
    shop.build()
    assert shop.open().photos.find_products(np.ones(shop.model.word_embeddings.shape[1]), 3) == []
    shop.crawl({"a/1": [photo(1)]})
    assert shop.update().photos == 1


def test_updates_keep_the_whitening_that_the_index_was_built_with(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    with pytest.raises(InputError, match="no whitening"):
        shop.open().choose_search(is_photo=True, same_item=True)
    dim = shop.model.word_embeddings.shape[1]
    shop.build(whitening=Whitening(np.zeros(dim, np.float32), np.eye(dim, dtype=np.float32)))
    shop.crawl({"a/1": [photo(1)], "a/2": [photo(2)]})
    shop.update()
    query = shop.open().vectors.take(np.array([1]))[0]
    found = shop.open().choose_search(is_photo=True, same_item=True).find_photos(query, 2)
    assert [hit.photo_id for hit in found] == ["a/2#0", "a/1#0"]


def test_only_one_process_writes(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    with open_for_writing(shop.index), pytest.raises(InputError, match="another process updates this index"):
        shop.update()


def test_a_folder_with_other_files_is_left_alone(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.index.mkdir()
    (shop.index / "letters.txt").write_text("mine")
    with pytest.raises(InputError, match=r"expected an empty folder or an index, got letters\.txt"):
        shop.build()
    assert list_names(shop) == {"letters.txt"}


def test_an_update_that_fails_leaves_the_old_version_and_no_other_file(shop, photo):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    before = list_names(shop)
    shop.crawl({"a/1": [photo(2)]})
    shard = shop.folder / "crawl" / "photos" / "00000.parquet"
    shop.model.embed_stream = lambda photos: [shard.unlink(), next(iter(photos))]
    with pytest.raises(ContractError):
        shop.update()
    assert list_names(shop) == before
    assert shop.list_photo_ids() == ["a/1#0"]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "a file of the index is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-5]), "run `weft index build`"),
    ],
    ids=["missing", "truncated"],
)
@pytest.mark.parametrize("suffix", ["vectors.f16", "photos.arrow", "searched.npy"])
def test_a_damaged_file_is_named(shop, photo, damage, message, suffix):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    damage(next(shop.index.glob(f"*.{suffix}")))
    for use in (shop.open, shop.update):
        with pytest.raises(ContractError, match=suffix) as caught:
            use()
        assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", '{"format": 2}', '{"segments": [{"name": "../../etc"}]}'])
def test_a_damaged_manifest_is_refused_and_can_be_built_anew(shop, photo, text):
    shop.crawl({"a/1": [photo(1)]})
    shop.build()
    (shop.index / "manifest.json").write_text(text)
    for use in (shop.open, shop.update):
        with pytest.raises(ContractError, match=r"manifest\.json: expected the manifest of an index, got"):
            use()
    shop.build()
    assert shop.list_photo_ids() == ["a/1#0"]
