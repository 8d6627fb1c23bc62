"""Kokoro in padded batches: every norm over time and every convolution sees a mask.

The stock model speaks one sentence at a time, because its instance norms would average over the
padding. B rows, N phonemes, T frames at 40 Hz; channels before time, as in the stock model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FRAME = 600  # samples of a duration frame
PITCH_STEP = 300  # samples of a step of the pitch curve
STYLE = 128  # half of a style vector is for the decoder, half for the prosody


@dataclass(frozen=True)
class Speech:
    """One utterance as the model made it, on the model's device."""

    samples: Tensor  # [T·600] float32 at 24 kHz
    durations: Tensor  # [N] int64, frames at 40 Hz of each phoneme
    pitch: Tensor  # [2T] float32, Hz; below 10 where there is no voice


@torch.no_grad()
def speak(model: Any, phonemes: Sequence[Sequence[int]], styles: Tensor) -> list[Speech]:
    """Speak rows of phoneme ids, each with its style vector of `styles` [B, 256]."""
    device = model.bert_encoder.weight.device
    lengths = torch.tensor([len(row) for row in phonemes])
    rows = [torch.tensor(row) for row in phonemes]
    tokens = nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
    padding = (torch.arange(tokens.shape[1])[None] >= lengths[:, None]).to(device)
    timbre, manner = styles.to(device).split(STYLE, dim=1)

    encoded = model.bert(tokens, attention_mask=(~padding).int())
    encoded = model.bert_encoder(encoded).transpose(1, 2)
    predictor = model.predictor
    prosody = predictor.text_encoder(encoded, manner, lengths, padding)
    logits = predictor.duration_proj(_recur(predictor.lstm, prosody, lengths))
    durations = torch.sigmoid(logits).sum(-1).round().clamp(min=1).long() * ~padding
    frames = durations.sum(1)
    longest = int(frames.max())
    steps = torch.arange(longest, device=device).expand(len(rows), longest).contiguous()
    phoneme_at = torch.searchsorted(durations.cumsum(1), steps, right=True)
    phoneme_at = phoneme_at.clamp(max=tokens.shape[1] - 1)
    mask = (steps < frames[:, None])[:, None].float()

    stretched = prosody.gather(1, phoneme_at[..., None].expand(-1, -1, prosody.shape[2]))
    shared = _recur(predictor.shared, stretched, frames.cpu()).transpose(1, 2) * mask
    pitch = _curve(predictor.F0, predictor.F0_proj, shared, manner, mask)
    energy = _curve(predictor.N, predictor.N_proj, shared, manner, mask)
    text = model.text_encoder(tokens, lengths.to(device), padding)
    text = text.gather(2, phoneme_at[:, None].expand(-1, text.shape[1], -1)) * mask

    decoder = model.decoder
    curves = [decoder.F0_conv(pitch[:, None]) * mask, decoder.N_conv(energy[:, None]) * mask]
    x, mask = _block(decoder.encode, torch.cat([text, *curves], 1), timbre, mask)
    beside = [decoder.asr_res(text) * mask, *curves]
    for block in decoder.decode:
        x, mask = _block(block, torch.cat([x, *beside], 1), timbre, mask)
    samples = _generate(decoder.generator, x, timbre, pitch, mask)
    return [
        Speech(samples[i, : n * FRAME].float(), durations[i, : len(row)], pitch[i, : 2 * n])
        for i, (n, row) in enumerate(zip(frames.tolist(), rows, strict=True))
    ]


def _recur(lstm: nn.LSTM, x: Tensor, lengths: Tensor) -> Tensor:
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return nn.utils.rnn.pad_packed_sequence(lstm(packed)[0], batch_first=True)[0]


def _curve(blocks: Any, project: nn.Module, x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
    for block in blocks:
        x, mask = _block(block, x, style, mask)
    return (project(x) * mask).squeeze(1)


def _normed(x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
    """Instance norm over what `mask` keeps, then the style's scale and shift."""
    count = mask.sum(-1, keepdim=True)
    mean = (x * mask).sum(-1, keepdim=True) / count
    variance = ((x - mean).square() * mask).sum(-1, keepdim=True) / count
    scale, shift = style[:, :, None].chunk(2, 1)
    return ((1 + scale) * ((x - mean) * torch.rsqrt(variance + 1e-5)) + shift) * mask


def _normed_snake(x: Tensor, style: Tensor, mask: Tensor, alpha: Tensor) -> Tensor:
    x = _normed(x, style, mask)
    return x + (1 / alpha) * torch.sin(alpha * x).square()


@lru_cache
def _norm_for(device: torch.device) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """`_normed_snake`, fused on a GPU, where half of the time would be its passes over memory."""
    return torch.compile(_normed_snake, dynamic=True) if device.type == "cuda" else _normed_snake


def _block(block: Any, x: Tensor, style: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """`AdainResBlk1d`, and the mask of its output, which is longer if the block upsamples."""
    outer = mask if block.upsample_type == "none" else mask.repeat_interleave(2, -1)
    y = block.actv(_normed(x, block.norm1.fc(style), mask))
    y = block.conv1(block.pool(y) * outer)
    y = block.conv2(block.actv(_normed(y, block.norm2.fc(style), outer)))
    return (y + block._shortcut(x)) * 2**-0.5 * outer, outer


def _snake_block(block: Any, x: Tensor, style: Tensor, mask: Tensor) -> Tensor:
    """`AdaINResBlock1`."""
    normed = _norm_for(x.device)
    for i in range(len(block.convs1)):
        y = normed(x, block.adain1[i].fc(style), mask, block.alpha1[i])
        y = block.convs1[i](y)
        y = normed(y, block.adain2[i].fc(style), mask, block.alpha2[i])
        x = x + block.convs2[i](y)
    return x * mask


def _generate(generator: Any, x: Tensor, style: Tensor, pitch: Tensor, mask: Tensor) -> Tensor:
    source = generator.m_source(generator.f0_upsamp(pitch[:, None]).transpose(1, 2))[0]
    harmonics = torch.cat(generator.stft.transform(source.squeeze(2)), 1)
    last = generator.num_upsamples - 1
    for i, upsample in enumerate(generator.ups):
        x = upsample(F.leaky_relu(x, 0.1))
        mask = mask.repeat_interleave(upsample.stride[0], -1)
        if i == last:
            x, mask = generator.reflection_pad(x), torch.cat([mask[..., :1], mask], -1)
        beside = generator.noise_convs[i](harmonics)
        x = (x + _snake_block(generator.noise_res[i], beside, style, mask)) * mask
        kernels = generator.num_kernels
        blocks = generator.resblocks[i * kernels : (i + 1) * kernels]
        x = sum(_snake_block(block, x, style, mask) for block in blocks) / kernels
    x = generator.conv_post(F.leaky_relu(x)).float()
    bins = generator.post_n_fft // 2 + 1
    # The magnitude is zero behind the end.
    magnitude, phase = torch.exp(x[:, :bins]) * mask, torch.sin(x[:, bins:])
    return generator.stft.inverse(magnitude, phase).squeeze(1)
