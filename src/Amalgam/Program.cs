using Amalgam.Cli;
using Amalgam.Hosting;

return await UpCommand.RunAsync(new UpOptions { Data = args.Length > 1 ? args[1] : Credentials.DefaultDataDirectory });
