"""The words of each kind of mail. Essential ones carry no advertising; every other one can be stopped (clause RT4)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """set_apart: the paragraph that is shown as something to copy. link: the page of a one-time link, or "".

    essential: sent whatever the person prefers, and says so. Others carry the link that stops them.
    """

    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""
    set_apart: str = ""
    essential: bool = True


KINDS: Mapping[str, Kind] = {
    "support-answer": Kind(
        "Our answer",
        ("You wrote to us. This is our answer:", "$answer", "The number of your message is $referral."),
    ),
    "confirm-request": Kind(
        "Is this request yours?",
        (
            "$sender, perhaps you, asked us without a sign-in for this: $about, about the account of this address.",
            "If it is yours, confirm it within a month, signed in or with a code that you have mailed to you:",
            "$url/v1/privacy/requests/referred/$referral/confirmation",
            "It is not yours? Do nothing: without you nothing happens.",
        ),
    ),
    "policy-changed": Kind(
        "Our privacy policy changed",
        (
            "There is a new version of our privacy policy: $version.",
            "$summary",
            "What changed, line by line: $url/v1/privacy/policy/versions has every version.",
            "Using the service from now on means that you accept it. You can have your account erased at any time.",
        ),
    ),
    "news-welcome": Kind(
        "You get our news",
        (
            "You said yes to news of Nexoraz. From time to time we write what is new.",
            "You can change this at any time: $url/v1/privacy/consents",
        ),
        essential=False,
    ),
    "verify-address": Kind(
        "Confirm your address",
        (
            "Someone, hopefully you, opened a Nexoraz account with this address.",
            "To confirm it, use this one-time link within 24 hours. An app asks for the token.",
            "$token",
            "It was not you? Do nothing: without the token the account cannot be used.",
        ),
        link="verify-address",
        set_apart="$token",
    ),
    "access-code": Kind(
        "Your code",
        (
            "Someone, hopefully you, wants to use the rights that you have over your data without signing in.",
            "This code says that it is you. It is valid for 15 minutes.",
            "$code",
            "It was not you? Do nothing, and give the code to nobody: we never ask for it.",
        ),
        set_apart="$code",
    ),
    "account-exists": Kind(
        "You already have an account",
        (
            "Someone, perhaps you, tried to open a Nexoraz account with this address. There is one already.",
            "If it was you, sign in at $url. If not, you need not do anything: nothing has changed.",
        ),
    ),
    "request-extended": Kind(
        "Your request takes longer",
        (
            "You asked us for $asked. We need more time, because $why. You will have our answer by $until.",
            "This is the one extension that the law allows. What was written to you about it stands in your request:",
            "$url/v1/privacy/requests/$request",
        ),
    ),
    "request-denied": Kind(
        "Your request was denied",
        (
            "You asked us for $asked. We denied it, because $why.",
            "What was written to you about it stands in your request: $url/v1/privacy/requests/$request",
            "If you disagree, you can complain to a supervisory authority, or go to court.",
        ),
    ),
    "request-answered": Kind(
        "Your request was answered",
        (
            "You asked us for $asked, and it is done.",
            "What was written to you about it stands in your request: $url/v1/privacy/requests/$request",
        ),
    ),
    "reset-password": Kind(
        "Choose a new password",
        (
            "Someone, hopefully you, forgot the password of the Nexoraz account with this address.",
            "To choose another one, use this one-time link within 30 minutes. An app asks for the token.",
            "$token",
            "It was not you? Do nothing: without the link the password stays as it is.",
        ),
        link="reset-password",
        set_apart="$token",
    ),
    "leave-address": Kind(
        "Your email address is about to be changed",
        (
            "Someone who is signed in, hopefully you, wants your Nexoraz account to use $address instead of this one.",
            "To agree, use this one-time link within 24 hours. Nothing changes before both addresses have agreed.",
            "$token",
            "It was not you? Do not use the link. Change your password, and end the sessions that are not yours.",
        ),
        link="change-address",
        set_apart="$token",
    ),
    "confirm-new-address": Kind(
        "Confirm your new address",
        (
            "Someone, hopefully you, wants a Nexoraz account to use this address.",
            "To agree, use this one-time link within 24 hours. The old address agrees by a link of its own.",
            "$token",
            "It was not you? Do nothing: without the link nothing changes.",
        ),
        link="change-address",
        set_apart="$token",
    ),
    "credential-changed": Kind(
        "A change to how you sign in",
        (
            "The $what of your Nexoraz account was $done on $at.",
            "It was you? Then there is nothing to do.",
            "It was not you? Choose a new password at once and end the sessions that you do not know: $url",
        ),
    ),
    "new-device": Kind(
        "A sign-in from a new device",
        (
            "Somebody signed in to your Nexoraz account on $at with a device that we had not seen there before:",
            "$device, approximately in $place",
            "It was you? Then there is nothing to do.",
            "It was not you? Choose a new password at once and end the session that you do not know: $url",
        ),
        set_apart="$device, approximately in $place",
    ),
    "payment-overdue": Kind(
        "Your payment did not go through",
        (
            "Your plan renewed, and the payment for it was declined. We try it again on $until.",
            "Your plan holds meanwhile. To pay by another card, sign in at $url.",
        ),
    ),
    "payment-grace": Kind(
        "Your plan ends soon",
        (
            "The payment for your plan was declined again. Your plan holds until $until, when we try it a last time.",
            "To pay by another card, sign in at $url. The credits that you have stay yours.",
        ),
    ),
    "plan-ended-unpaid": Kind(
        "Your plan has ended",
        (
            "The payment for your plan did not go through, so it has ended. Nothing more is charged.",
            "The credits that you have stay yours. You can take out a plan again at $url.",
        ),
    ),
    "account-erased": Kind(
        "Your account is being erased",
        (
            "As you asked, your Nexoraz account and the data in it are erased.",
            "This is the last message to this address.",
            "The keys that could read your data are destroyed right after this message; it cannot be brought back.",
            "The certificate of the erasure is available to you with the token of your request.",
        ),
    ),
}
