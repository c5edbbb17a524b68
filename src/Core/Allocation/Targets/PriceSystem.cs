namespace Amalgam.Core.Allocation.Targets;

/// <summary>The symmetric positive definite system that is left for the prices once rows and units are eliminated.</summary>
internal sealed class PriceSystem(int size)
{
    private readonly double[] _matrix = new double[size * size];

    public double[] RightSide { get; } = new double[size];

    public void Clear() => Array.Clear(_matrix);

    public void Add(int i, int j, double value) => _matrix[i * size + j] += value;

    /// <summary>Cholesky in place. A pivot that rounding made too small is replaced by a huge one: that price then stays where it is.</summary>
    public void Factor()
    {
        double largest = 0;
        for (var i = 0; i < size; i++)
        {
            largest = Math.Max(largest, _matrix[i * size + i]);
        }
        for (var j = 0; j < size; j++)
        {
            var pivot = _matrix[j * size + j];
            for (var k = 0; k < j; k++)
            {
                pivot -= _matrix[j * size + k] * _matrix[j * size + k];
            }
            pivot = pivot > 1e-18 * largest ? Math.Sqrt(pivot) : 1e64;
            _matrix[j * size + j] = pivot;
            for (var i = j + 1; i < size; i++)
            {
                var sum = _matrix[i * size + j];
                for (var k = 0; k < j; k++)
                {
                    sum -= _matrix[i * size + k] * _matrix[j * size + k];
                }
                _matrix[i * size + j] = sum / pivot;
            }
        }
    }

    /// <summary>Solves for <see cref="RightSide"/> with the factor at hand.</summary>
    public void Solve(double[] solution)
    {
        for (var i = 0; i < size; i++)
        {
            var sum = RightSide[i];
            for (var k = 0; k < i; k++)
            {
                sum -= _matrix[i * size + k] * solution[k];
            }
            solution[i] = sum / _matrix[i * size + i];
        }
        for (var i = size - 1; i >= 0; i--)
        {
            var sum = solution[i];
            for (var k = i + 1; k < size; k++)
            {
                sum -= _matrix[k * size + i] * solution[k];
            }
            solution[i] = sum / _matrix[i * size + i];
        }
    }
}
