import { useEffect, useState } from "react";

const SECONDS = 5;

/** The time in milliseconds, brought up to date while the page is looked at. */
export const useNow = (): number => {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) {
        setNow(Date.now());
      }
    }, SECONDS * 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
};
