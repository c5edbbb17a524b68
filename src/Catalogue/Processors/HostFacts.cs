using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Amalgam.Catalogue.Processors;

/// <summary>What the runtime knows about the processor it runs on, where the operating system's files say nothing.</summary>
/// <param name="ProcessorCount">Logical processors this process may use.</param>
/// <param name="MemoryBytes">Memory this process may use.</param>
/// <param name="Architecture">x64, arm64, …</param>
/// <param name="VectorSets">Vector instruction sets in use, widest first; empty when switched off or absent.</param>
public sealed record HostFacts(int ProcessorCount, long MemoryBytes, string Architecture, IReadOnlyList<string> VectorSets)
{
    public static HostFacts Current() => new(
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant(),
        CurrentVectorSets());

    private static List<string> CurrentVectorSets()
    {
        var sets = new List<string>();
        Add(Avx512F.IsSupported, "AVX-512");
        Add(Avx512Vbmi.IsSupported, "AVX-512-VBMI");
        Add(AvxVnni.IsSupported, "AVX-VNNI");
        Add(Avx2.IsSupported, "AVX2");
        Add(Fma.IsSupported, "FMA");
        Add(AdvSimd.IsSupported, "NEON");
        Add(Dp.IsSupported, "DOTPROD");
        return sets;

        void Add(bool supported, string name)
        {
            if (supported)
            {
                sets.Add(name);
            }
        }
    }
}
