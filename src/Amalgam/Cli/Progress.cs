namespace Amalgam.Cli;

/// <summary>A moving line on a terminal, plain lines elsewhere.</summary>
internal static class Progress
{
    private static long _lastPlainPercent = -10;

    public static void Show(string what, long done, long? total)
    {
        var size = total is > 0 ? $"{done * 100 / total}% of {total / 1048576.0:0.0} MiB" : $"{done / 1048576.0:0.0} MiB";
        if (!Console.IsErrorRedirected)
        {
            Console.Error.Write($"\r{what}: {size}      ");
            if (total is not null && done >= total)
            {
                Console.Error.WriteLine();
            }
        }
        else if (total is > 0 && (done * 100 / total) - _lastPlainPercent >= 10)
        {
            _lastPlainPercent = done * 100 / total.Value;
            Console.Error.WriteLine($"{what}: {size}");
        }
    }
}
