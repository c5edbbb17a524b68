using System.Text;
using Amalgam.Runtime.Model;

namespace Amalgam.Benchmarks.Runtime;

/// <summary>A model in llama.cpp, fed with the same batches as ours: token ids in, rows of logits out.</summary>
internal sealed unsafe class LlamaModel : IDisposable
{
    private readonly LlamaLibrary library;
    private readonly nint model;
    private readonly nint context;
    private readonly int vocabulary;
    private readonly delegate* unmanaged<nint, LlamaBatch, int> decode;
    private readonly delegate* unmanaged<nint, int, float*> logits;

    public LlamaModel(LlamaLibrary library, string path, int slots, int contextLength, int threads, int vocabulary)
    {
        this.library = library;
        this.vocabulary = vocabulary;
        decode = (delegate* unmanaged<nint, LlamaBatch, int>)library.Export("llama_decode");
        logits = (delegate* unmanaged<nint, int, float*>)library.Export("llama_get_logits_ith");
        var load = (delegate* unmanaged<byte*, ModelParameters, nint>)library.Export("llama_model_load_from_file");
        fixed (byte* name = Encoding.UTF8.GetBytes(path + "\0")) model = load(name, library.DefaultModel());
        if (model == 0) throw new InvalidOperationException($"llama.cpp does not load {path}");
        var parameters = library.DefaultContext();
        parameters.Context = (uint)(slots * contextLength);
        parameters.Batch = parameters.MicroBatch = 512;
        parameters.Sequences = (uint)slots;
        parameters.Threads = parameters.BatchThreads = threads;
        parameters.UnifiedCache = 0;
        context = ((delegate* unmanaged<nint, ContextParameters, nint>)library.Export("llama_init_from_model"))(model, parameters);
        if (context == 0) throw new InvalidOperationException("llama.cpp makes no context");
    }

    /// <summary>One pass; rows of logits as <see cref="ILanguageModel.Forward"/> writes them. An empty output leaves them where they are.</summary>
    public void Forward(ReadOnlySpan<BatchToken> batch, Span<float> output)
    {
        int count = batch.Length;
        int* tokens = stackalloc int[count], positions = stackalloc int[count], one = stackalloc int[count], slots = stackalloc int[count];
        int** sequences = stackalloc int*[count];
        byte* wanted = stackalloc byte[count];
        for (int i = 0; i < count; i++)
        {
            (tokens[i], positions[i], slots[i], one[i]) = (batch[i].Token, batch[i].Position, batch[i].Slot, 1);
            sequences[i] = slots + i;
            wanted[i] = batch[i].Output == BatchOutput.Logits ? (byte)1 : (byte)0;
        }

        int result = decode(context, new LlamaBatch { Count = count, Tokens = tokens, Positions = positions, SequenceCounts = one, Sequences = sequences, Outputs = wanted });
        if (result != 0) throw new InvalidOperationException($"llama_decode returned {result}");
        for (int i = 0, row = 0; i < count; i++)
        {
            if (wanted[i] == 0) continue;
            // Asking for a row also waits for the pass.
            var source = new ReadOnlySpan<float>(logits(context, i), vocabulary);
            if (!output.IsEmpty) source.CopyTo(output.Slice(row++ * vocabulary, vocabulary));
        }
    }

    public void Clear()
    {
        nint memory = ((delegate* unmanaged<nint, nint>)library.Export("llama_get_memory"))(context);
        ((delegate* unmanaged<nint, byte, void>)library.Export("llama_memory_clear"))(memory, 0);
    }

    /// <summary>Forgets positions from <paramref name="first"/> on, in one sequence.</summary>
    public void CutBack(int slot, int first)
    {
        nint memory = ((delegate* unmanaged<nint, nint>)library.Export("llama_get_memory"))(context);
        ((delegate* unmanaged<nint, int, int, int, byte>)library.Export("llama_memory_seq_rm"))(memory, slot, first, -1);
    }

    public void Dispose()
    {
        ((delegate* unmanaged<nint, void>)library.Export("llama_free"))(context);
        ((delegate* unmanaged<nint, void>)library.Export("llama_model_free"))(model);
    }
}
