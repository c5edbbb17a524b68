using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;

namespace Amalgam.Runtime.Model;

/// <summary>
/// A llama, qwen2 or qwen3 model on the CPU. Loading copies the weights into the order the kernels read them, so a model takes about the size
/// of its file; everything a pass needs is taken then as well.
/// </summary>
public sealed unsafe class LanguageModel : ILanguageModel
{
    private readonly WorkerTeam team;
    private readonly ModelWeights weights;
    private readonly KeyValueCache cache;
    private readonly PassBuffers buffers;
    private readonly RotaryTable rotary;
    private readonly ForwardPass pass;
    private readonly int[] lastPositions;
    private bool disposed;

    private LanguageModel(GgufFile file, ModelSettings settings, WorkerTeam team, ModelOptions options)
    {
        this.team = team;
        (Shape, Slots, ContextLength, MaxBatch) = (settings.Shape, options.Slots, options.ContextLength, options.MaxBatch);
        weights = ModelWeights.Load(file, settings, team);
        cache = new KeyValueCache(Shape, Slots, ContextLength);
        buffers = new PassBuffers(settings, MemoryEstimate.FormsOf(file, new TensorSource(file)), MaxBatch, ContextLength, team.Members);
        rotary = new RotaryTable(settings, weights.RotaryDivisors, MaxBatch);
        pass = new ForwardPass(settings, weights, cache, buffers, rotary, team, MaxBatch);
        lastPositions = new int[Slots];
    }

    public ModelShape Shape { get; }

    public int Slots { get; }

    public int ContextLength { get; }

    public int MaxBatch { get; }

    /// <summary>Threads a pass runs on, the caller's included.</summary>
    public int Threads => team.Members;

    /// <summary>Loads a model. <paramref name="file"/> stays the caller's and must be kept open until the model is disposed.</summary>
    /// <exception cref="ModelFormatException">The file is not a model that can be run; the message says why and what to do.</exception>
    public static LanguageModel Load(GgufFile file, ModelOptions options)
    {
        options.Validate();
        var settings = ModelSettings.Read(file);
        var team = new WorkerTeam(options.EffectiveThreads, ForwardPass.Steps(settings.Shape.Layers));
        try
        {
            return new LanguageModel(file, settings, team, options);
        }
        catch (OutOfMemoryException error)
        {
            team.Dispose();
            var needed = MemoryEstimate.ForModel(file, options.Slots, options.ContextLength, options.MaxBatch, options.EffectiveThreads);
            throw new ModelFormatException(
                $"{file.Path} does not fit into memory: with {options.Slots} slots of {options.ContextLength} positions it needs {needed.TotalBytes >> 20} MiB. Ask for fewer slots or a shorter context.", error);
        }
        catch
        {
            team.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch is empty or too large, names a token, slot or position that does not exist, or the output is too short.</exception>
    public void Forward(ReadOnlySpan<BatchToken> batch, Span<float> output)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        Check(batch);
        long floats = pass.Prepare(batch);
        if (output.Length < floats) throw new ArgumentException($"the output has room for {output.Length} numbers and the batch asks for {floats}", nameof(output));
        fixed (float* target = output) pass.Run(target);
    }

    public void Dispose()
    {
        if (disposed) return;
        disposed = true;
        team.Dispose();
        weights.Dispose();
        cache.Dispose();
        buffers.Dispose();
        rotary.Dispose();
    }

    private void Check(ReadOnlySpan<BatchToken> batch)
    {
        if (batch.IsEmpty || batch.Length > MaxBatch) throw new ArgumentException($"a batch has 1 to {MaxBatch} tokens, not {batch.Length}", nameof(batch));
        lastPositions.AsSpan().Fill(-1);
        foreach (var (token, position, slot, _) in batch)
        {
            if ((uint)token >= (uint)Shape.Vocabulary) throw new ArgumentException($"token {token} is outside the vocabulary of {Shape.Vocabulary}", nameof(batch));
            if ((uint)slot >= (uint)Slots) throw new ArgumentException($"slot {slot} is outside the {Slots} there are", nameof(batch));
            if ((uint)position >= (uint)ContextLength) throw new ArgumentException($"position {position} is outside the context of {ContextLength}", nameof(batch));
            if (position <= lastPositions[slot]) throw new ArgumentException($"position {position} of slot {slot} does not follow {lastPositions[slot]}", nameof(batch));
            lastPositions[slot] = position;
        }
    }
}
