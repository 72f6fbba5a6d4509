"""What a model can do, as far as its name tells: context, output, modalities, tools, thinking."""
