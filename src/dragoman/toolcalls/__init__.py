"""What tool calls must look like for their target: order, names, ids, kinds, schemas."""
