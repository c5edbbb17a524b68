using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>The weights of one layer. Norms and biases are floats padded with zeros to 16; absent biases and head norms are null.</summary>
internal sealed unsafe class LayerWeights : IDisposable
{
    public required NativeBuffer AttentionNorm { get; init; }

    public required PackedMatrix Query { get; init; }

    public required PackedMatrix Key { get; init; }

    public required PackedMatrix Value { get; init; }

    public required NativeBuffer? QueryBias { get; init; }

    public required NativeBuffer? KeyBias { get; init; }

    public required NativeBuffer? ValueBias { get; init; }

    /// <summary>Norm of every query head (qwen3).</summary>
    public required NativeBuffer? QueryNorm { get; init; }

    public required NativeBuffer? KeyNorm { get; init; }

    public required PackedMatrix AttentionOutput { get; init; }

    public required NativeBuffer FeedForwardNorm { get; init; }

    public required PackedMatrix Gate { get; init; }

    public required PackedMatrix Up { get; init; }

    public required PackedMatrix Down { get; init; }

    public ActivationForms AttentionForms => Activations.FormFor(Query.Type) | Activations.FormFor(Key.Type) | Activations.FormFor(Value.Type);

    public ActivationForms FeedForwardForms => Activations.FormFor(Gate.Type) | Activations.FormFor(Up.Type);

    public void Dispose()
    {
        foreach (var matrix in new[] { Query, Key, Value, AttentionOutput, Gate, Up, Down }) matrix.Dispose();
        foreach (var vector in new[] { AttentionNorm, QueryBias, KeyBias, ValueBias, QueryNorm, KeyNorm, FeedForwardNorm }) vector?.Dispose();
    }
}
