from conclu_pyg.errors import Fault, RegistryError, in_words

NEAR, FAR = Fault("no 'a'; did you mean 'b'?", "It has: b."), Fault("no 'x'.", "It has: b.")


def test_one_fault_is_told_with_what_there_is() -> None:
    assert in_words([NEAR]) == ["no 'a'; did you mean 'b'? It has: b."]
    assert in_words([FAR]) == ["no 'x'. It has: b."]
    assert in_words([Fault("wrong.")]) == ["wrong."]
    assert in_words([]) == []


def test_of_several_what_there_is_is_told_once_and_only_where_nothing_is_near() -> None:
    assert in_words([NEAR, FAR, FAR, NEAR]) == [NEAR.sentence, "no 'x'. It has: b.", "no 'x'.", NEAR.sentence]
    other = Fault("no 'y'.", "It takes: c.")
    assert in_words([FAR, other]) == ["no 'x'. It has: b.", "no 'y'. It takes: c."]
    assert in_words([Fault("one."), Fault("two.")]) == ["one.", "two."]


def test_an_error_of_a_registry_is_the_text_of_its_faults() -> None:
    error = RegistryError(NEAR, "wrong.")
    assert str(error) == "no 'a'; did you mean 'b'? wrong." and error.faults == [NEAR, Fault("wrong.")]
