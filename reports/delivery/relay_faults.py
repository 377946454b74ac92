"""Why no mail can be sent now (发不出去的原因), each with a sentence that says what to do."""

from __future__ import annotations

import ssl
from typing import Final

from planning.errors import PlanningError
from reports.delivery.settings import MailSettings

NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
"""What OpenSSL calls a first answer that is not TLS at all."""


class RelayError(PlanningError):
    """No message can be sent now; a sentence in each language says why and what to do."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(english)
        self.chinese, self.english = chinese, english

    def sentence(self, language: str) -> str:
        """What happened and what to do."""
        return self.chinese if language == "zh" else self.english


class UnreachableError(RelayError):
    """The relay is away or busy: the same settings may do later."""


class SetupFailure(RelayError):  # noqa: N818  a state of the settings, named as the manual does
    """The relay and the settings do not fit: until somebody mends them nothing can be sent."""


def away(settings: MailSettings) -> UnreachableError:
    """Nobody answers, or not in time."""
    place = f"{settings.host}:{settings.port}"
    return UnreachableError(
        f"连不上发信服务器 {place}，或者它没有应答；请检查网络和 host、port、security，稍后再发",
        f"the relay {place} cannot be reached or does not answer; check the network, host, port "
        "and security, and send again later",
    )


def no_sense(settings: MailSettings) -> UnreachableError:
    """What answers does not speak SMTP."""
    place = f"{settings.host}:{settings.port}"
    return UnreachableError(
        f"{place} 的答复看不懂，不像发信服务器；请核对 host、port 和 security，或稍后再发",
        f"{place} gave no sensible answer, as no relay would; check host, port and security, or "
        "send again later",
    )


def not_ready(code: int, settings: MailSettings) -> RelayError:
    """It does not want to talk, for now or for good."""
    if code // 100 == 4:  # noqa: PLR2004  RFC 5321, 4.2.1
        return UnreachableError(
            f"发信服务器 {settings.host} 暂时不接受邮件（{code}）；请稍后再发",
            f"the relay {settings.host} takes no mail for the time being ({code}); send again "
            "later",
        )
    if code // 100 == 5:  # noqa: PLR2004  RFC 5321, 4.2.1
        return SetupFailure(
            f"发信服务器 {settings.host} 拒绝了连接（{code}）；请联系管理它的同事",
            f"the relay {settings.host} refuses the connection ({code}); ask whoever runs it",
        )
    return no_sense(settings)


def not_trusted(error: ssl.SSLError, settings: MailSettings) -> SetupFailure:
    """It does not prove its name, or does not speak TLS at all."""
    return _not_tls(settings) if error.reason in NO_TLS else _untrusted(error)


def no_authority(settings: MailSettings) -> SetupFailure:
    """The file that should vouch for the relay cannot."""
    return SetupFailure(
        f"{settings.ca_file} 不是可用的证书文件；应为 PEM 格式的根证书",
        f"{settings.ca_file} holds no certificate; it should be the authority's, as PEM",
    )


def sender_refused(code: int, words: str) -> SetupFailure:
    """It takes no mail from this sender, in words that name nobody."""
    return SetupFailure(
        f"发信服务器不接受这个发件地址（{code} {words}）；请核对 sender、login",
        f"the relay takes no mail from this sender ({code} {words}); check sender and login",
    )


def _untrusted(error: ssl.SSLError) -> SetupFailure:
    why = getattr(error, "verify_message", "") or error.reason or "TLS"
    return SetupFailure(
        f"发信服务器的证书或加密方式未通过检查（{why}）；请核对 host 和 ca_file，不要跳过检查",
        f"the relay's certificate or encryption did not stand the check ({why}); look at host "
        "and ca_file, and do not go around it",
    )


def _not_tls(settings: MailSettings) -> SetupFailure:
    place = f"{settings.host}:{settings.port}"
    return SetupFailure(
        f"{place} 不是用 TLS 应答的，没有发送任何内容；请核对 port 和 security：一般 587 端口用 "
        "starttls，465 端口用 tls",
        f"{place} does not answer in TLS and nothing was sent; look at port and security: 587 is "
        "usually starttls, 465 tls",
    )


def not_encrypted() -> SetupFailure:
    """It would have the login in clear."""
    return SetupFailure(
        "发信服务器不提供 STARTTLS 加密，没有发送任何内容；请核对 port 和 security",
        "the relay offers no STARTTLS and nothing was sent; check port and security",
    )


def login_refused(code: int | None, settings: MailSettings) -> RelayError:
    """It does not accept the login, or cannot look at it now."""
    if code is not None and code // 100 == 4:  # noqa: PLR2004  RFC 5321, 4.2.1
        return not_ready(code, settings)
    is_told = code is not None and code // 100 == 5  # noqa: PLR2004  RFC 5321, 4.2.1
    why_zh, why = (f"（{code}）", f" ({code})") if is_told else ("", "")
    return SetupFailure(
        f"发信服务器不接受登录{why_zh}；请核对 login 和密码",
        f"the relay does not accept the login{why}; check login and password",
    )
