import pytest

from weft import errors


def test_a_weft_error_is_one_line_and_exit_status_2(capsys):
    def main():
        raise errors.ParamsError("params.yaml: cannot be read:\n  in line 3\n  expected a key")

    assert errors.run_main(main) == 2
    assert capsys.readouterr().err == "error: params.yaml: cannot be read:   in line 3   expected a key\n"


def test_success_is_exit_status_0_without_output(capsys):
    assert errors.run_main(lambda: "anything") == 0
    assert capsys.readouterr() == ("", "")


def test_other_errors_keep_their_traceback():
    def main():
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        errors.run_main(main)


@pytest.mark.parametrize("name", ["Params", "Contract", "Shop", "Photo", "Benchmark", "Model", "Input", "Engine"])
def test_every_error_is_a_weft_error_and_listed_in_the_docstring(name):
    assert issubclass(getattr(errors, f"{name}Error"), errors.WeftError)
    assert f"{name}Error " in errors.__doc__


def test_a_photo_error_has_a_reason_and_a_detail():
    error = errors.PhotoError("tiny", "3 x 4 px")
    assert (str(error), error.reason, error.detail) == ("tiny: 3 x 4 px", "tiny", "3 x 4 px")
    assert str(errors.PhotoError("animated")) == "animated"
