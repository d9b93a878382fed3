"""What KMS answers and moto 5.2.5 does not. Each function says what AWS does. `apply` is called once, before the server starts."""

import json

from moto.kms.responses import KmsResponse


def tell_the_rotation_period() -> None:
    """GetKeyRotationStatus says after how many days the material rotates: 365 unless EnableKeyRotation was told otherwise."""
    enable, status = KmsResponse.enable_key_rotation, KmsResponse.get_key_rotation_status

    def key(response):
        backend = response.kms_backend
        return backend.keys[backend.get_key_id(response._get_param("KeyId"))]

    def enable_key_rotation(self):
        answer = enable(self)
        key(self).rotation_period = self._get_param("RotationPeriodInDays") or 365
        return answer

    def get_key_rotation_status(self):
        answer = json.loads(status(self))
        return json.dumps({**answer, "RotationPeriodInDays": getattr(key(self), "rotation_period", 365)})

    KmsResponse.enable_key_rotation = enable_key_rotation
    KmsResponse.get_key_rotation_status = get_key_rotation_status


def apply() -> None:
    tell_the_rotation_period()
