def test_a_batch_is_written_and_sealed(conn, seal_batch):
    seal_batch(5)
    assert conn.execute("select count(*) from decision").fetchone() == (5,)
    assert conn.execute("select seq, n, length(leaves) from block").fetchone() == (1, 5, 160)
    assert conn.execute("select h.hash = b.hash from block b, block_head h").fetchone() == (True,)
