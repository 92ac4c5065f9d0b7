"""What everybody may read: the policy, and the keys that certificates are checked with."""

from typing import Any

from nexoraz.privacy.domain.policy import CLAUSES, POLICY_VERSION
from nexoraz.privacy.web.desk import Desk
from nexoraz.privacy.web.schemas import KeySet, PolicyView
from nexoraz.service.app import Blueprint


def documents_blueprint(desk: Desk, policy_text: str) -> Blueprint:
    """Open to everyone."""
    documents = Blueprint("documents", __name__, url_prefix="", description="The policy and the signing keys")

    @documents.route("/policy", methods=["GET"])
    @documents.response(200, PolicyView)
    def policy() -> dict[str, Any]:
        """The privacy policy in force, and for every clause what makes it true."""
        return {"version": POLICY_VERSION, "text": policy_text, "clauses": CLAUSES}

    @documents.route("/keys", methods=["GET"])
    @documents.response(200, KeySet)
    def keys() -> dict[str, Any]:
        """The public keys that sign certificates and export manifests (JWK set)."""
        return {"keys": desk.documents.keys()}

    return documents
