using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;
using Xunit;

namespace Core.Tests.Runtime.Kernels;

public sealed unsafe class ProductTests
{
    [Theory]
    [MemberData(nameof(Levels.WithWeightTypes), MemberType = typeof(Levels))]
    public void Every_level_multiplies_as_exact_arithmetic_does(InstructionLevel level, WeightType type)
    {
        // 50 rows leave a group of 16 partly empty; with 5 tokens and more, tiles of 4 and 8 are left partly empty too.
        foreach (int tokens in new[] { 1, 2, 4, 5, 8, 11 })
        {
            using var bench = new Bench(type, level, rows: 50, columns: 96, tokens);
            bench.Multiply(add: false, firstGroup: 0, endGroup: bench.Matrix.Groups);
            bench.AssertOutput(start: 0, firstRow: 0, endRow: 50);
        }
    }

    [Theory]
    [MemberData(nameof(Levels.WithWeightTypes), MemberType = typeof(Levels))]
    public void Results_are_added_to_a_residual_once_even_in_tiles_that_are_not_full(InstructionLevel level, WeightType type)
    {
        foreach (int tokens in new[] { 1, 3, 7 })
        {
            using var bench = new Bench(type, level, rows: 48, columns: 64, tokens);
            bench.Fill(2.5f);
            bench.Multiply(add: true, firstGroup: 0, endGroup: 3);
            bench.AssertOutput(start: 2.5f, firstRow: 0, endRow: 48);
        }
    }

    [Theory]
    [MemberData(nameof(Levels.WithWeightTypes), MemberType = typeof(Levels))]
    public void A_range_of_groups_leaves_the_other_rows_alone(InstructionLevel level, WeightType type)
    {
        using var bench = new Bench(type, level, rows: 80, columns: 32, tokens: 2);
        bench.Fill(float.NaN);
        bench.Multiply(add: false, firstGroup: 1, endGroup: 4);
        bench.AssertOutput(start: 0, firstRow: 16, endRow: 64);
        Assert.True(float.IsNaN(bench.Output(0, 15)) && float.IsNaN(bench.Output(1, 64)));
    }

    [Theory]
    [MemberData(nameof(Levels.WithWeightTypes), MemberType = typeof(Levels))]
    public void Rows_beyond_the_last_come_out_as_zero(InstructionLevel level, WeightType type)
    {
        using var bench = new Bench(type, level, rows: 3, columns: 32, tokens: 1);
        bench.Multiply(add: false, firstGroup: 0, endGroup: 1);
        for (int row = 3; row < 16; row++) Assert.Equal(0, bench.Output(0, row));
    }

    /// <summary>Random weights and inputs, their product in doubles from what each side really holds after rounding.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly Activations activations;
        private readonly NativeBuffer output;
        private readonly double[,] expected;
        private readonly ProductKernel kernel;
        private readonly int tokens;

        public Bench(WeightType type, InstructionLevel level, int rows, int columns, int tokens)
        {
            this.tokens = tokens;
            var random = new Random(7);
            kernel = ProductKernels.Make(type, level);
            var rowsInFile = Encode(type, rows, columns, random);
            Matrix = new PackedMatrix(type, rows, columns);
            fixed (byte* source = rowsInFile) MatrixPacking.Pack(Matrix, source, null, 0, Matrix.Groups);
            var form = Activations.FormFor(type);
            activations = new Activations(tokens, columns, form | ActivationForms.Values);
            var inputs = new float[tokens, columns];
            for (int token = 0; token < tokens; token++)
            {
                float* values = activations.Values(token);
                for (int i = 0; i < columns; i++) inputs[token, i] = values[i] = (float)((random.NextDouble() * 4) - 2);
                VectorKernel.Make(level).Prepare(values, activations, token, 0, columns, form & ~ActivationForms.Values);
            }

            output = NativeBuffer.ForFloats((long)tokens * Matrix.PaddedRows);
            expected = Expect(type, rowsInFile, rows, columns, inputs);
        }

        public PackedMatrix Matrix { get; }

        public void Fill(float value) => new Span<float>(output.Pointer, tokens * Matrix.PaddedRows).Fill(value);

        public float Output(int token, int row) => ((float*)output.Pointer)[(token * Matrix.PaddedRows) + row];

        public void Multiply(bool add, int firstGroup, int endGroup) => kernel.Multiply(
            new Product(Matrix, activations, 0, tokens, (float*)output.Pointer, Matrix.PaddedRows, add), firstGroup, endGroup);

        public void AssertOutput(float start, int firstRow, int endRow)
        {
            for (int token = 0; token < tokens; token++)
            {
                for (int row = firstRow; row < endRow; row++)
                {
                    double difference = Output(token, row) - expected[token, row] - start;
                    Assert.True(Math.Abs(difference) < 2e-5, $"token {token}, row {row}: {Output(token, row)} instead of {expected[token, row] + start}");
                }
            }
        }

        public void Dispose()
        {
            Matrix.Dispose();
            activations.Dispose();
            output.Dispose();
        }

        private static byte[] Encode(WeightType type, int rows, int columns, Random random)
        {
            int rowBytes = (int)MatrixPacking.RowBytes(type, columns);
            var bytes = new byte[rows * rowBytes];
            var row = new float[columns];
            for (int i = 0; i < rows; i++)
            {
                for (int k = 0; k < columns; k++) row[k] = (float)((random.NextDouble() - 0.5) / 4);
                // A block of zeros, and weights that are subnormal halves.
                if (i == 1) row.AsSpan(0, 32).Clear();
                if (i == 2) row.AsSpan(0, 32).Fill(3e-6f);
                GgufQuantising.Encode(GgufTypeOf(type), row, bytes.AsSpan(i * rowBytes, rowBytes));
            }

            return bytes;
        }

        private static GgufType GgufTypeOf(WeightType type) => type switch
        {
            WeightType.Single => GgufType.F32,
            WeightType.Half => GgufType.F16,
            WeightType.BrainFloat => GgufType.BF16,
            WeightType.Bits8 => GgufType.Q8_0,
            _ => GgufType.Q4_0,
        };

        private static double[,] Expect(WeightType type, byte[] weights, int rows, int columns, float[,] inputs)
        {
            var expected = new double[inputs.GetLength(0), rows];
            for (int token = 0; token < inputs.GetLength(0); token++)
            {
                for (int row = 0; row < rows; row++)
                {
                    var bytes = weights.AsSpan(row * (int)MatrixPacking.RowBytes(type, columns));
                    for (int k = 0; k < columns; k++) expected[token, row] += ReferenceNumbers.Weight(type, bytes, k) * ReferenceNumbers.Input(type, inputs, token, k);
                }
            }

            return expected;
        }
    }
}
