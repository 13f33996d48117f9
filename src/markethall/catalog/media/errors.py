"""What is refused of an upload."""

from markethall.kit.errors import Invalid, Unavailable


class NotAnImage(Invalid):
    code = "not_an_image"
    title = "That is no JPEG, PNG, WebP or AVIF, or it is damaged"


class ImageTooLarge(Invalid):
    code = "image_too_large"
    title = "The picture has too many pixels"


class ImageTooCostly(Invalid):
    code = "image_too_costly"
    title = "The picture takes too long, or too much memory, to read"


class UploadsBusy(Unavailable):
    code = "uploads_busy"
    title = "Too many pictures are being uploaded just now"


class MediaUnavailable(Unavailable):
    code = "media_unavailable"
    title = "The place of the pictures cannot be reached just now"
