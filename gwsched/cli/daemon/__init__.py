# SPDX-License-Identifier: Apache-2.0
"""What a running daemon says of itself, asked over HTTP and checked."""
