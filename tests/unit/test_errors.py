import pytest

from weft import errors


def test_an_error_of_ours_is_one_line_and_status_2(capsys):
    def main():
        raise errors.ParamsError("params.yaml: cannot be read:\n  in line 3\n  expected a key")

    assert errors.run_main(main) == 2
    assert capsys.readouterr().err == "error: params.yaml: cannot be read:   in line 3   expected a key\n"


def test_all_well_is_status_0_and_says_nothing(capsys):
    assert errors.run_main(lambda: "anything") == 0
    assert capsys.readouterr() == ("", "")


def test_a_mistake_of_ours_keeps_its_traceback():
    def main():
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        errors.run_main(main)


@pytest.mark.parametrize("name", ["Params", "Contract", "Shop", "Photo", "Benchmark", "Model", "Input"])
def test_every_error_is_a_weft_error_and_drawn_in_the_docstring(name):
    assert issubclass(getattr(errors, f"{name}Error"), errors.WeftError)
    assert f"{name}Error " in errors.__doc__


def test_a_photo_error_keeps_its_reason_for_counting():
    error = errors.PhotoError("tiny", "3 x 4 px")
    assert (str(error), error.reason, error.detail) == ("tiny: 3 x 4 px", "tiny", "3 x 4 px")
    assert str(errors.PhotoError("animated")) == "animated"
