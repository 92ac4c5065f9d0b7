"""What libvips calls the profiles that it brings itself."""

from nexoraz.render.presets.wanted import Profile

BUILT_IN: dict[Profile, str] = {"srgb": "srgb", "display-p3": "p3"}
