"""The start page before anything has been read from the cloud."""


def test_it_says_that_the_cloud_is_being_read_and_looks_again(client_of, reader):
    answer = client_of(reader).get("/")
    assert answer.status_code == 200
    assert "Reading the cloud" in answer.content.decode()
    assert int(answer["Refresh"]) > 0
