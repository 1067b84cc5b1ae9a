import { Link } from "@chakra-ui/react";
import type { FC, PropsWithChildren } from "react";
import { Link as OfRouter } from "react-router-dom";

/** A link to another page of Airflow that does not reload the application. */
export const RouterLink: FC<PropsWithChildren<{ to: string }>> = ({ to, children }) => (
  <Link asChild color="fg.info" overflowWrap="anywhere">
    <OfRouter to={to}>{children}</OfRouter>
  </Link>
);
