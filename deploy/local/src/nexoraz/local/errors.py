"""What can go wrong while the suite is started, each said in one sentence to the person who typed the command."""


class LocalSuiteError(Exception):
    """Base of everything that `make run` explains instead of printing a traceback; `str()` is the sentence."""


class PortInUse(LocalSuiteError):
    def __init__(self, port: int, purpose: str, base: int | None = None) -> None:
        hint = f"; choose other ports with PORT=…, for example PORT={base + 100}" if base is not None else ""
        super().__init__(f"Port {port} ({purpose}) is in use by another program{hint}.")
        self.port = port


class DiskFull(LocalSuiteError):
    def __init__(self, folder: str, free_mib: int, needed_mib: int) -> None:
        super().__init__(
            f"The disk that holds {folder} is full: {free_mib} MiB are free and {needed_mib} MiB are needed."
        )


class AlreadyRunning(LocalSuiteError):
    def __init__(self, pid: int) -> None:
        super().__init__(f"This copy is already running (process {pid}); `make stop` ends it.")
        self.pid = pid


class ProcessDied(LocalSuiteError):
    def __init__(self, name: str, status: int, tail: str) -> None:
        super().__init__(f"{name} ended with status {status} before it was ready. Its last words: {tail or '(none)'}")
        self.name = name


class NotReady(LocalSuiteError):
    def __init__(self, name: str, seconds: float, reason: str) -> None:
        super().__init__(f"{name} did not answer within {seconds:.0f} s ({reason}).")
        self.name = name


class StepFailed(LocalSuiteError):
    def __init__(self, name: str, tail: str) -> None:
        super().__init__(f"{name} failed: {tail or 'it said nothing'}")
