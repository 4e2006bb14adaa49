"""Every message a user may see, by code. Codes go by floor: LK1xx encoder, LK2xx tokenization and
features, LK3xx knowledge base and entity vocabulary, LK4xx layers and models, LK5xx pipes,
LK6xx training and scoring, LK7xx checkpoints, command line and project; warnings LKWxxx.

A message names the thing, the number and the way out: `Errors.LK401.format(...)` gives "[LK401] ...".
"""


class _WithCodes(type):
    """`Errors.LK101` is its text with the code in front."""

    def __getattribute__(cls, name: str):
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if name.startswith("LK") else value


class Errors(metaclass=_WithCodes):
    # --- encoder -------------------------------------------------------------------------------

    # --- tokenization and features -------------------------------------------------------------

    # --- knowledge base and entity vocabulary --------------------------------------------------

    # --- layers and models ---------------------------------------------------------------------

    # --- pipes ---------------------------------------------------------------------------------

    # --- training and scoring ------------------------------------------------------------------

    # --- checkpoints, command line, project ----------------------------------------------------
    pass


class Warnings(metaclass=_WithCodes):
    # --- pipes ---------------------------------------------------------------------------------
    pass
