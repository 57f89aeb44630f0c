"""The start page before anything has been read from the cloud."""


def test_it_says_that_the_cloud_is_being_read_and_looks_again(client_of, reader):
    answer = client_of(reader).get("/")
    assert answer.status_code == 200
    assert "Reading the cloud" in answer.content.decode()
    assert int(answer["Refresh"]) > 0


def test_the_theme_form_of_a_page_that_a_post_answered_leads_to_the_start(client_of, administrator):
    client = client_of(administrator)
    assert 'name="next" value="/people/?q=x"' in client.get("/people/?q=x").content.decode()
    refused = client.post("/people/new/", {}).content.decode()
    assert 'name="next" value="/"' in refused
