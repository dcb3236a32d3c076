from weft.bags import build_word_bags


def test_a_bag_holds_each_word_once_in_ascending_order():
    bags = build_word_bags([[3, 1, 3], [], [2]])
    assert len(bags) == 3
    assert [bags[index].tolist() for index in range(3)] == [[1, 3], [], [2]]
    assert bags.sizes.tolist() == [2, 0, 1]
    assert bags.owners().tolist() == [0, 0, 2]
    assert bags.count_words(5).tolist() == [0, 1, 1, 1, 0]


def test_a_dense_matrix_shows_the_words_of_a_range_of_bags():
    table = build_word_bags([[1], [], [0, 2]]).to_dense(range(1, 3), 3)
    assert table.tolist() == [[False] * 3, [True, False, True]]


def test_a_sparse_matrix_holds_a_one_for_each_word_of_a_bag():
    assert build_word_bags([[3, 3, 1], []]).to_csr(5).toarray().tolist() == [[0, 1, 0, 1, 0], [0] * 5]
