"""OpenAI Responses (`/v1/responses`), both sides; `codec.CODEC` is the door."""
