using System.Runtime.InteropServices;

namespace Amalgam.Benchmarks.Runtime;

/// <summary>
/// The C interface of llama.cpp (llama.h of the release in the npm package node-llama-cpp 3.22.1, library version 0.5.0), called straight.
/// Structures are passed by value, so their layouts belong to that release; <see cref="Open"/> checks the defaults before anything is believed.
/// </summary>
internal sealed unsafe class LlamaLibrary
{
    private readonly nint handle;

    private LlamaLibrary(string folder, string file)
    {
        Folder = folder;
        handle = NativeLibrary.Load(Path.Combine(folder, file));
        var backends = NativeLibrary.Load(Directory.GetFiles(folder, "libggml.v*.so").Single());
        ((delegate* unmanaged<nint, nint, void>)Export("llama_log_set"))((nint)(delegate* unmanaged<int, byte*, nint, void>)&LogErrors, 0);
        fixed (byte* path = System.Text.Encoding.UTF8.GetBytes(folder + "\0"))
        {
            ((delegate* unmanaged<byte*, void>)NativeLibrary.GetExport(backends, "ggml_backend_load_all_from_path"))(path);
        }

        ((delegate* unmanaged<void>)Export("llama_backend_init"))();
    }

    public string Folder { get; }

    /// <summary>Looks under LLAMA_CPP_DIR, else in the package folder under .cache of this or a parent folder; null with a reason when there is none.</summary>
    public static LlamaLibrary? Open(out string reason)
    {
        const string release = "libllama.v0.5.0.so";
        foreach (var folder in Folders())
        {
            if (!File.Exists(Path.Combine(folder, release))) continue;
            var library = new LlamaLibrary(folder, release);
            var defaults = library.DefaultContext();
            bool fits = defaults.Context == 512 && defaults.Batch == 2048 && defaults.KeyType == 1 && defaults.ValueType == 1;
            reason = fits ? "" : $"{release} in {folder} does not have the structures of version 0.5.0";
            return fits ? library : null;
        }

        reason = "llama.cpp is not here: run tools/llama-cpp/install, or name the folder of libllama.v0.5.0.so in LLAMA_CPP_DIR";
        return null;
    }

    public nint Export(string name) => NativeLibrary.GetExport(handle, name);

    public ModelParameters DefaultModel() => ((delegate* unmanaged<ModelParameters>)Export("llama_model_default_params"))();

    public ContextParameters DefaultContext() => ((delegate* unmanaged<ContextParameters>)Export("llama_context_default_params"))();

    private static IEnumerable<string> Folders()
    {
        if (Environment.GetEnvironmentVariable("LLAMA_CPP_DIR") is { Length: > 0 } named) yield return named;
        for (var folder = new DirectoryInfo(Environment.CurrentDirectory); folder is not null; folder = folder.Parent)
        {
            yield return Path.Combine(folder.FullName, ".cache/llama/node_modules/@node-llama-cpp/linux-x64/bins/linux-x64");
        }
    }

    /// <summary>llama.cpp talks a lot; only its errors (level 4) are of interest.</summary>
    [UnmanagedCallersOnly]
    private static void LogErrors(int level, byte* text, nint user)
    {
        if (level == 4) Console.Error.Write(Marshal.PtrToStringUTF8((nint)text));
    }
}

/// <summary>struct llama_model_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ModelParameters
{
    public nint Devices;
    public nint BufferOverrides;
    public int GpuLayers;
    public int SplitMode;
    public int LoadMode;
    public int LazyMode;
    public int MainGpu;
    public nint TensorSplit;
    public nint Progress;
    public nint ProgressData;
    public nint Overrides;
    public byte VocabularyOnly;
    public byte CheckTensors;
    public byte UseExtraBuffers;
    public byte NoHost;
    public byte NoAlloc;
    public byte LoadMtp;
}

/// <summary>struct llama_context_params.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ContextParameters
{
    public uint Context;
    public uint Batch;
    public uint MicroBatch;
    public uint Sequences;
    public uint RecurrentSnapshots;
    public uint MaxOutputs;
    public uint MaxOutputsPerSequence;
    public int Threads;
    public int BatchThreads;
    public int ContextType;
    public int RotaryScaling;
    public int Pooling;
    public int AttentionType;
    public int FlashAttention;
    public float RotaryBase;
    public float RotaryScale;
    public float YarnExtFactor;
    public float YarnAttnFactor;
    public float YarnBetaFast;
    public float YarnBetaSlow;
    public uint YarnOriginalContext;
    public float DefragThreshold;
    public nint Evaluate;
    public nint EvaluateData;
    public int KeyType;
    public int ValueType;
    public nint Abort;
    public nint AbortData;
    public byte Embeddings;
    public byte OffloadCache;
    public byte NoTimings;
    public byte OffloadOperations;
    public byte SlidingWindowFull;
    public byte UnifiedCache;
    public nint Samplers;
    public nuint SamplerCount;
    public nint OtherContext;
}

/// <summary>struct llama_batch.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LlamaBatch
{
    public int Count;
    public int* Tokens;
    public float* Embeddings;
    public int* Positions;
    public int* SequenceCounts;
    public int** Sequences;
    public byte* Outputs;
}
