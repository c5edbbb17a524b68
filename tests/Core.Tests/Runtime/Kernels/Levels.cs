using Amalgam.Runtime.Kernels;
using Xunit;

namespace Core.Tests.Runtime.Kernels;

/// <summary>The instruction levels this process can run, the widest of which it uses by itself.</summary>
public static class Levels
{
    public static IEnumerable<InstructionLevel> Available => Enum.GetValues<InstructionLevel>().Where(level => level <= InstructionLevels.Current);

    /// <summary>For theories: every level with every weight type.</summary>
    public static TheoryData<InstructionLevel, WeightType> WithWeightTypes()
    {
        var data = new TheoryData<InstructionLevel, WeightType>();
        foreach (var level in Available)
        {
            foreach (var type in Enum.GetValues<WeightType>()) data.Add(level, type);
        }

        return data;
    }

    public static TheoryData<InstructionLevel> Alone() => [.. Available];
}
